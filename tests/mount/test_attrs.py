"""Attributes, links and special files."""
import errno
import json
import os
import shutil
import socket
import stat
import subprocess
import time
import urllib.request

import pytest


@pytest.fixture
def file(mnt):
    path = mnt / "file"
    path.write_bytes(b"0123456789")
    return path


def fails(want, call, *args):
    with pytest.raises(OSError) as e:
        call(*args)
    assert errno.errorcode[e.value.errno] == errno.errorcode[want]


def as_nobody(*args):
    """Runs a tool as a user without rights; its exit status."""
    return subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *args],
                          check=False, stderr=subprocess.DEVNULL, cwd="/").returncode


@pytest.mark.parametrize("mode", [0o000, 0o600, 0o755, 0o4755, 0o2750, 0o1777, 0o7777])
def test_chmod(file, mode):
    file.chmod(mode)
    assert stat.S_IMODE(file.stat().st_mode) == mode


def test_chmod_of_a_folder(mnt):
    (mnt / "d").mkdir()
    (mnt / "d").chmod(0o1770)
    assert (mnt / "d").stat().st_mode == stat.S_IFDIR | 0o1770


def test_umask_counts_at_create(mnt):
    old = os.umask(0o027)
    try:
        os.close(os.open(mnt / "f", os.O_CREAT | os.O_WRONLY, 0o666))
        os.mkdir(mnt / "d", 0o777)
    finally:
        os.umask(old)
    assert stat.S_IMODE((mnt / "f").stat().st_mode) == 0o640
    assert stat.S_IMODE((mnt / "d").stat().st_mode) == 0o750


def test_chown(file):
    os.chown(file, 1234, 4_000_000_000)
    st = file.stat()
    assert (st.st_uid, st.st_gid) == (1234, 4_000_000_000)


def test_chown_of_the_group_alone(file):
    os.chown(file, 1234, 5678)
    os.chown(file, -1, 99)
    st = file.stat()
    assert (st.st_uid, st.st_gid) == (1234, 99)


def test_lchown_changes_the_link_alone(file, mnt):
    os.symlink("file", mnt / "l")
    os.lchown(mnt / "l", 7, 8)
    assert (os.lstat(mnt / "l").st_uid, file.stat().st_uid) == (7, 0)


def test_chmod_changes_ctime_alone(file):
    before = file.stat()
    file.chmod(0o600)
    after = file.stat()
    assert after.st_ctime_ns > before.st_ctime_ns
    assert after.st_mtime_ns == before.st_mtime_ns


@pytest.mark.parametrize("ns", [0, 1, 1_234_567_890_123_456_789, 999_999_999, -1,
                                -5_000_000_001, 2**33 * 10**9 + 7])
def test_times_to_the_nanosecond(file, ns):
    os.utime(file, ns=(ns, ns + 1))
    st = file.stat()
    assert (st.st_atime_ns, st.st_mtime_ns) == (ns, ns + 1)


def test_mtime_set_while_bytes_are_unsaved_stays(mnt):
    with open(mnt / "f", "wb", buffering=0) as f:
        f.write(b"x")
        os.utime(f.fileno(), ns=(5, 1_000_000_001))
    assert (mnt / "f").stat().st_mtime_ns == 1_000_000_001


def test_a_write_sets_mtime_to_now(file):
    os.utime(file, ns=(0, 0))
    before = time.time_ns()
    with open(file, "ab") as f:
        f.write(b"x")
    assert before - 10**9 < file.stat().st_mtime_ns <= time.time_ns() + 10**9


def test_a_new_entry_sets_the_folders_mtime(mnt):
    os.utime(mnt, ns=(0, 0))
    (mnt / "new").touch()
    assert mnt.stat().st_mtime_ns > 0


@pytest.mark.parametrize("size", [0, 1, 9, 10, 11, 4096, 1_000_003])
def test_truncate(file, size):
    os.truncate(file, size)
    assert file.stat().st_size == size
    assert file.read_bytes() == (b"0123456789" + bytes(1_000_003))[:size]


def test_ftruncate_of_an_open_file(file):
    with open(file, "r+b") as f:
        f.truncate(4)
        assert os.fstat(f.fileno()).st_size == 4
    assert file.read_bytes() == b"0123"


def test_open_with_trunc(file):
    open(file, "wb").close()
    assert file.stat().st_size == 0


def test_truncate_of_a_folder(mnt):
    fails(errno.EISDIR, os.truncate, mnt, 0)


def test_link_shares_the_inode(file, mnt):
    os.link(file, mnt / "second")
    assert (mnt / "second").stat().st_ino == file.stat().st_ino
    assert file.stat().st_nlink == 2


def test_file_stays_when_one_of_two_names_goes(file, mnt):
    os.link(file, mnt / "second")
    file.unlink()
    assert (mnt / "second").read_bytes() == b"0123456789"
    assert (mnt / "second").stat().st_nlink == 1


def test_link_to_a_folder(mnt):
    (mnt / "d").mkdir()
    fails(errno.EPERM, os.link, mnt / "d", mnt / "e")


@pytest.mark.parametrize("target", ["x", "/absolute", "../up", "with space", "none/at/all"])
def test_symlink_and_readlink(mnt, target):
    os.symlink(target, mnt / "l")
    assert os.readlink(mnt / "l") == target
    assert os.lstat(mnt / "l").st_size == len(target)


def test_symlink_is_followed(file, mnt):
    os.symlink("file", mnt / "l")
    assert (mnt / "l").read_bytes() == b"0123456789"


def test_symlinks_in_a_circle(mnt):
    os.symlink("b", mnt / "a")
    os.symlink("a", mnt / "b")
    fails(errno.ELOOP, open, mnt / "a")


def test_mkfifo(mnt):
    os.mkfifo(mnt / "p")
    assert stat.S_ISFIFO(os.stat(mnt / "p").st_mode)


def test_device_node_keeps_its_number(mnt):
    os.mknod(mnt / "null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    st = os.stat(mnt / "null")
    assert stat.S_ISCHR(st.st_mode) and st.st_rdev == os.makedev(1, 3)


def test_socket(mnt, monkeypatch):
    monkeypatch.chdir(mnt)  # a socket's path is short
    with socket.socket(socket.AF_UNIX) as s:
        s.bind("s")
    assert stat.S_ISSOCK(os.stat("s").st_mode)


def test_mknod_of_a_regular_file(mnt):
    os.mknod(mnt / "f", stat.S_IFREG | 0o644)
    (mnt / "f").write_text("x")
    assert (mnt / "f").read_text() == "x"


def test_mkdir_of_what_exists(file):
    fails(errno.EEXIST, os.mkdir, file)


def test_rmdir_of_what_is_not_empty(mnt):
    (mnt / "d" / "e").mkdir(parents=True)
    fails(errno.ENOTEMPTY, os.rmdir, mnt / "d")


def test_rmdir_of_a_file(file):
    fails(errno.ENOTDIR, os.rmdir, file)


def test_unlink_of_a_folder(mnt):
    (mnt / "d").mkdir()
    fails(errno.EISDIR, os.unlink, mnt / "d")


def test_exclusive_create_of_what_exists(file):
    fails(errno.EEXIST, os.open, file, os.O_CREAT | os.O_EXCL | os.O_WRONLY)


def test_path_through_a_file(file):
    fails(errno.ENOTDIR, os.stat, file / "x")


def test_inode_number_is_the_content_id(file, mounted_cdn):
    with urllib.request.urlopen(f"{mounted_cdn.url}/content/{file.stat().st_ino}") as answer:
        content = json.load(answer)
    assert (content["id"], content["filename"]) == (file.stat().st_ino, "file")


def test_listing_tells_the_same_inode_numbers(file, mnt):
    (mnt / "d").mkdir()
    with os.scandir(mnt) as entries:
        seen = {e.name: e.inode() for e in entries}
    assert seen == {"file": file.stat().st_ino, "d": (mnt / "d").stat().st_ino}


def test_listing_tells_types(file, mnt):
    (mnt / "d").mkdir()
    os.symlink("file", mnt / "l")
    with os.scandir(mnt) as entries:
        seen = {e.name: (e.is_dir(follow_symlinks=False), e.is_symlink()) for e in entries}
    assert seen == {"file": (False, False), "d": (True, False), "l": (False, True)}


def test_df_shows_the_nodes_room(mounted_cdn):
    total = shutil.disk_usage(mounted_cdn.mounts[0].path).total
    assert total == pytest.approx(3 * 8e9, rel=0.01)


def test_df_shows_what_is_used(mounted_cdn, mnt):
    before = os.statvfs(mnt)
    (mnt / "big").write_bytes(bytes(20_000_000))
    used = 0
    end = time.monotonic() + 20
    while used < 19_000_000 and time.monotonic() < end:  # the nodes are asked now and then
        now = os.statvfs(mnt)
        used = (before.f_bfree - now.f_bfree) * now.f_frsize
    assert 19_000_000 <= used < 25_000_000  # what the tests before this one deleted is freed meanwhile


def test_statfs_tells_the_longest_name(mnt):
    assert os.statvfs(mnt).f_namemax == 255


@pytest.fixture
def open_to_all(mounted_cdn):
    """Other users may reach the mount."""
    changed = []
    path = mounted_cdn.mounts[0].path.parent
    while path.stat().st_mode & 0o005 != 0o005:
        changed.append((path, path.stat().st_mode))
        path.chmod(path.stat().st_mode | 0o005)
        path = path.parent
    yield
    for path, mode in changed:
        path.chmod(mode)


@pytest.mark.parametrize("mode,status", [(0o600, 1), (0o604, 0)])
def test_other_users_read_by_permission(file, open_to_all, mode, status):
    file.chmod(mode)
    assert as_nobody("cat", file) == status


@pytest.mark.parametrize("mode,status", [(0o755, 1), (0o757, 0)])
def test_other_users_create_by_permission(mnt, open_to_all, mode, status):
    (mnt / "d").mkdir()
    (mnt / "d").chmod(mode)
    assert as_nobody("touch", mnt / "d" / "f") == status


def test_sticky_folder_keeps_others_files(mnt, open_to_all):
    (mnt / "d").mkdir()
    (mnt / "d").chmod(0o1777)
    (mnt / "d" / "roots").touch()
    assert as_nobody("rm", "-f", mnt / "d" / "roots") == 1


def test_what_a_user_makes_is_his(mnt, open_to_all):
    mnt.chmod(0o777)
    as_nobody("touch", mnt / "f")
    assert ((mnt / "f").stat().st_uid, (mnt / "f").stat().st_gid) == (65534, 65534)


def test_setgid_folder_gives_its_group(mnt):
    (mnt / "d").mkdir()
    os.chown(mnt / "d", 0, 77)
    (mnt / "d").chmod(0o2775)
    (mnt / "d" / "f").touch()
    assert (mnt / "d" / "f").stat().st_gid == 77


def test_a_users_write_takes_setuid_away(mnt, open_to_all):
    (mnt / "f").touch()
    (mnt / "f").chmod(0o6777)
    assert as_nobody("sh", "-c", f"echo x >> '{mnt}/f'") == 0
    assert stat.S_IMODE((mnt / "f").stat().st_mode) & 0o6000 == 0
