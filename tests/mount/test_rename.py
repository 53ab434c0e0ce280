"""rename(2) and renameat2(2)."""
import ctypes
import errno
import os

import pytest

NOREPLACE, EXCHANGE, WHITEOUT = 1, 2, 4
AT_FDCWD = -100
libc = ctypes.CDLL(None, use_errno=True)


def renameat2(a, b, flags):
    if libc.renameat2(AT_FDCWD, os.fsencode(a), AT_FDCWD, os.fsencode(b), flags) < 0:
        raise OSError(ctypes.get_errno(), "renameat2")


def fails(want, call, *args):
    """call(*args) must fail with the errno `want`."""
    with pytest.raises(OSError) as e:
        call(*args)
    assert errno.errorcode[e.value.errno] == errno.errorcode[want]


@pytest.fixture
def ab(mnt):
    """Files a and b that hold their names."""
    for name in "ab":
        (mnt / name).write_text(name)
    return mnt / "a", mnt / "b"


@pytest.fixture
def folders(mnt):
    """Folders full (with a file) and empty."""
    (mnt / "full").mkdir()
    (mnt / "full" / "f").write_text("f")
    (mnt / "empty").mkdir()
    return mnt / "full", mnt / "empty"


def test_file_keeps_its_inode_and_bytes(ab, mnt):
    before = ab[0].stat()
    ab[0].rename(mnt / "c")
    assert (mnt / "c").stat().st_ino == before.st_ino
    assert (mnt / "c").read_text() == "a"
    assert not ab[0].exists()


def test_replaces_a_file(ab, mnt):
    ab[0].rename(ab[1])
    assert ab[1].read_text() == "a"
    assert os.listdir(mnt) == ["b"]


def test_replaced_file_stays_readable_where_it_is_open(ab):
    with open(ab[1], encoding="ascii") as f:
        ab[0].rename(ab[1])
        assert f.read() == "b"


def test_onto_itself_changes_nothing(ab, mnt):
    ab[0].rename(ab[0])
    assert sorted(os.listdir(mnt)) == ["a", "b"]
    assert ab[0].read_text() == "a"


def test_between_two_links_of_one_file_changes_nothing(ab, mnt):
    os.link(ab[0], mnt / "c")
    os.rename(ab[0], mnt / "c")
    assert sorted(os.listdir(mnt)) == ["a", "b", "c"]


def test_what_is_missing(mnt):
    fails(errno.ENOENT, os.rename, mnt / "none", mnt / "b")


def test_into_a_missing_folder(ab, mnt):
    fails(errno.ENOENT, os.rename, ab[0], mnt / "none" / "a")
    assert ab[0].read_text() == "a"


def test_to_another_folder(ab, folders):
    ab[0].rename(folders[1] / "x")
    assert (folders[1] / "x").read_text() == "a"
    assert not ab[0].exists()


def test_folder_with_all_within(folders, mnt):
    folders[0].rename(mnt / "other")
    assert (mnt / "other" / "f").read_text() == "f"
    assert not folders[0].exists()


def test_folder_onto_an_empty_one(folders, mnt):
    folders[0].rename(folders[1])
    assert (folders[1] / "f").read_text() == "f"
    assert os.listdir(mnt) == ["empty"]


def test_folder_onto_one_that_is_not_empty(folders):
    fails(errno.ENOTEMPTY, os.rename, folders[1], folders[0])
    assert folders[1].is_dir() and (folders[0] / "f").read_text() == "f"


def test_folder_into_itself(folders):
    fails(errno.EINVAL, os.rename, folders[0], folders[0] / "x")


def test_folder_far_into_itself(folders):
    (folders[0] / "1" / "2").mkdir(parents=True)
    fails(errno.EINVAL, os.rename, folders[0], folders[0] / "1" / "2" / "x")


def test_folder_over_the_one_that_holds_it(folders):
    (folders[0] / "1").mkdir()
    fails(errno.ENOTEMPTY, os.rename, folders[0] / "1", folders[0])


def test_folder_onto_a_file(ab, folders):
    fails(errno.ENOTDIR, os.rename, folders[1], ab[0])


def test_file_onto_a_folder(ab, folders):
    fails(errno.EISDIR, os.rename, ab[0], folders[1])


def test_parents_count_their_folders(folders, mnt):
    (mnt / "to").mkdir()
    before = mnt.stat().st_nlink
    folders[0].rename(mnt / "to" / "full")
    assert mnt.stat().st_nlink == before - 1
    assert (mnt / "to").stat().st_nlink == 3


def test_dot_dot_follows(folders, mnt):
    (mnt / "to").mkdir()
    folders[0].rename(mnt / "to" / "full")
    assert os.stat(mnt / "to" / "full" / "..").st_ino == (mnt / "to").stat().st_ino


def test_link_itself_is_moved(ab, mnt):
    os.symlink("a", mnt / "l")
    os.rename(mnt / "l", mnt / "m")
    assert os.readlink(mnt / "m") == "a" and ab[0].read_text() == "a"


def test_noreplace_refuses_what_exists(ab):
    fails(errno.EEXIST, renameat2, ab[0], ab[1], NOREPLACE)
    assert [p.read_text() for p in ab] == ["a", "b"]


def test_noreplace_moves_to_a_free_name(ab, mnt):
    renameat2(ab[0], mnt / "c", NOREPLACE)
    assert (mnt / "c").read_text() == "a"


def test_exchange_of_files(ab):
    renameat2(*ab, EXCHANGE)
    assert [p.read_text() for p in ab] == ["b", "a"]


def test_exchange_of_a_file_and_a_folder(ab, folders):
    renameat2(ab[0], folders[0], EXCHANGE)
    assert folders[0].read_text() == "a"
    assert (ab[0] / "f").read_text() == "f"


def test_exchange_needs_both(ab, mnt):
    fails(errno.ENOENT, renameat2, ab[0], mnt / "none", EXCHANGE)


def test_exchange_with_what_lies_within(folders):
    fails(errno.EINVAL, renameat2, folders[0], folders[0] / "f", EXCHANGE)


def test_noreplace_with_exchange_is_refused(ab):
    fails(errno.EINVAL, renameat2, *ab, NOREPLACE | EXCHANGE)


def test_file_with_unsaved_bytes_is_stored_under_its_new_name(mnt):
    with open(mnt / "old", "w", encoding="ascii") as f:
        f.write("bytes")
        f.flush()
        os.rename(mnt / "old", mnt / "new")
    assert (mnt / "new").read_text() == "bytes"
    assert os.listdir(mnt) == ["new"]
