"""Reading and writing at any offset, and what becomes of files that are open."""
import errno
import fcntl
import mmap
import os
import random
import threading

import pytest


@pytest.fixture
def path(mnt):
    return mnt / "file"


def opened(path, flags, mode=0o644):
    """An unbuffered file with a close of its own."""
    return os.fdopen(os.open(path, flags, mode), "r+b" if flags & os.O_RDWR else "wb", buffering=0)


@pytest.mark.parametrize("seed", range(6))
def test_random_writes_reads_and_truncations_against_a_model(path, seed):
    rng = random.Random(seed)
    model = bytearray()
    with opened(path, os.O_RDWR | os.O_CREAT) as f:
        for _ in range(300):
            what = rng.random()
            off = rng.randrange(400_000)
            if what < 0.5:
                data = rng.randbytes(rng.choice([1, 7, 4096, 5000, 70_000]))
                model.extend(bytes(max(0, off - len(model))))
                model[off:off + len(data)] = data
                assert os.pwrite(f.fileno(), data, off) == len(data)
            elif what < 0.85:
                size = rng.randrange(100_000)
                assert os.pread(f.fileno(), size, off) == model[off:off + size]
            elif what < 0.93:
                os.ftruncate(f.fileno(), off)
                model = model[:off] + bytes(max(0, off - len(model)))
            else:
                os.fsync(f.fileno())
    assert path.read_bytes() == model


@pytest.mark.parametrize("seed", range(3))
def test_random_edits_of_a_file_that_is_opened_each_time(path, seed):
    rng = random.Random(seed)
    model = bytearray(rng.randbytes(200_000))
    path.write_bytes(model)
    for _ in range(30):
        off, data = rng.randrange(250_000), rng.randbytes(rng.randrange(1, 5000))
        with opened(path, os.O_WRONLY) as f:
            os.pwrite(f.fileno(), data, off)
        model.extend(bytes(max(0, off - len(model))))
        model[off:off + len(data)] = data
        assert path.read_bytes() == model


def test_hole_reads_as_zeros(path):
    with opened(path, os.O_RDWR | os.O_CREAT) as f:
        os.pwrite(f.fileno(), b"end", 1_000_000)
    assert path.read_bytes() == bytes(1_000_000) + b"end"


def test_append_goes_to_the_end(path):
    path.write_bytes(b"one")
    with opened(path, os.O_WRONLY | os.O_APPEND) as f:
        os.lseek(f.fileno(), 0, os.SEEK_SET)
        f.write(b"two")
    assert path.read_bytes() == b"onetwo"


def test_appends_of_many_handles_are_all_there(path):
    path.touch()

    def append(which):
        for i in range(50):
            with opened(path, os.O_WRONLY | os.O_APPEND) as f:
                f.write(b"%d:%02d\n" % (which, i))

    threads = [threading.Thread(target=append, args=(n,)) for n in range(3)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    want = [b"%d:%02d" % (n, i) for n in range(3) for i in range(50)]
    assert sorted(path.read_bytes().splitlines()) == want


def test_fsync_stores_before_close(path, mounted_cdn):
    second = mounted_cdn.mount(mounted_cdn.tmp / "mnt2")
    with opened(path, os.O_WRONLY | os.O_CREAT) as f:
        f.write(b"bytes")
        os.fsync(f.fileno())
        seen = (second.path / path.relative_to(mounted_cdn.mounts[0].path)).read_bytes()
    second.umount()
    assert seen == b"bytes"


def test_close_stores(path, mounted_cdn):
    second = mounted_cdn.mount(mounted_cdn.tmp / "mnt3")
    path.write_bytes(b"bytes")
    seen = (second.path / path.relative_to(mounted_cdn.mounts[0].path)).read_bytes()
    second.umount()
    assert seen == b"bytes"


def test_what_one_mount_changes_the_other_sees_at_open(path, mounted_cdn):
    second = mounted_cdn.mount(mounted_cdn.tmp / "mnt4")
    other = second.path / path.relative_to(mounted_cdn.mounts[0].path)
    seen = []
    for i in range(20):
        path.write_bytes(b"%d" % i * (i + 1))
        seen.append(other.read_bytes() == b"%d" % i * (i + 1))
    second.umount()
    assert seen == [True] * 20


def test_fsync_of_a_clean_file_and_of_a_folder(path, mnt):
    path.write_bytes(b"x")
    for one in (path, mnt):
        fd = os.open(one, os.O_RDONLY)
        os.fsync(fd)
        os.close(fd)


def test_o_sync(path):
    with opened(path, os.O_WRONLY | os.O_CREAT | os.O_SYNC) as f:
        f.write(b"a")
        f.write(b"b")
    assert path.read_bytes() == b"ab"


def test_unlinked_file_stays_readable_and_writable(path):
    with opened(path, os.O_RDWR | os.O_CREAT) as f:
        f.write(b"before")
        path.unlink()
        f.write(b" after")
        assert os.pread(f.fileno(), 100, 0) == b"before after"
        assert os.fstat(f.fileno()).st_nlink == 0
    assert not path.exists()


def test_unlinked_file_that_was_stored_stays_readable(path, mnt):
    path.write_bytes(bytes(range(256)) * 4096)
    with open(path, "rb") as f:
        path.unlink()
        assert f.read() == bytes(range(256)) * 4096
    assert os.listdir(mnt) == []


def test_name_of_an_unlinked_open_file_can_be_used_again(path):
    with opened(path, os.O_RDWR | os.O_CREAT) as f:
        f.write(b"old")
        path.unlink()
        path.write_bytes(b"new")
        assert os.pread(f.fileno(), 10, 0) == b"old"
    assert path.read_bytes() == b"new"


def test_reader_keeps_its_version_until_it_opens_again(path, mounted_cdn):
    second = mounted_cdn.mount(mounted_cdn.tmp / "mnt5")
    old, new = b"o" * 3_000_000, b"n" * 3_000_000
    path.write_bytes(old)
    with open(path, "rb", buffering=0) as f:
        first = f.read(1000)
        (second.path / path.relative_to(mounted_cdn.mounts[0].path)).write_bytes(new)
        rest = f.read(len(old))
    second.umount()
    assert first + rest == old
    assert path.read_bytes() == new


def test_empty_file(path):
    path.write_bytes(b"")
    assert path.read_bytes() == b""
    assert path.stat().st_size == 0


def test_file_that_becomes_empty_and_full_again(path):
    for data in (b"first", b"", b"second"):
        path.write_bytes(data)
        assert path.read_bytes() == data


def test_two_handles_see_each_others_writes(path):
    with opened(path, os.O_RDWR | os.O_CREAT) as a, opened(path, os.O_RDWR) as b:
        os.pwrite(a.fileno(), b"from a", 0)
        assert os.pread(b.fileno(), 10, 0) == b"from a"
        os.pwrite(b.fileno(), b"b", 5)
        assert os.pread(a.fileno(), 10, 0) == b"from b"


def test_stat_tells_the_size_of_what_is_not_stored_yet(path):
    with opened(path, os.O_WRONLY | os.O_CREAT) as f:
        f.write(bytes(12345))
        assert path.stat().st_size == 12345


def test_mmap_reads(path):
    data = random.Random(1).randbytes(1_000_003)
    path.write_bytes(data)
    with open(path, "rb") as f, mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) as m:
        assert m[:] == data


def test_mmap_writes(path):
    path.write_bytes(bytes(100_000))
    with open(path, "r+b") as f, mmap.mmap(f.fileno(), 0) as m:
        m[50_000:50_005] = b"bytes"
        m.flush()
    assert path.read_bytes() == bytes(50_000) + b"bytes" + bytes(49_995)


def test_mmap_private_changes_nothing(path):
    path.write_bytes(b"stay")
    with open(path, "r+b") as f, mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_COPY) as m:
        m[:4] = b"gone"
    assert path.read_bytes() == b"stay"


def test_o_direct(path):
    buf = mmap.mmap(-1, 8192)
    buf.write(b"d" * 8192)
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_DIRECT)
    try:
        assert os.write(fd, buf) == 8192
    finally:
        os.close(fd)
    assert path.read_bytes() == b"d" * 8192


def test_write_to_a_handle_for_reading(path):
    path.write_bytes(b"x")
    fd = os.open(path, os.O_RDONLY)
    with pytest.raises(OSError) as e:
        os.write(fd, b"y")
    os.close(fd)
    assert e.value.errno == errno.EBADF


def test_fallocate_or_its_refusal_leaves_the_right_size(path):
    with opened(path, os.O_RDWR | os.O_CREAT) as f:
        os.posix_fallocate(f.fileno(), 0, 10_000)  # the C library writes when the mount cannot
    assert path.read_bytes() == bytes(10_000)


def test_copy_file_range(mnt, path):
    path.write_bytes(b"abc" * 1000)
    with open(path, "rb") as a, open(mnt / "to", "wb") as b:
        done = 0
        while done < 3000:
            done += os.copy_file_range(a.fileno(), b.fileno(), 3000 - done)
    assert (mnt / "to").read_bytes() == b"abc" * 1000


def test_lseek_data_and_hole(path):
    path.write_bytes(b"data")
    with open(path, "rb") as f:
        assert os.lseek(f.fileno(), 0, os.SEEK_DATA) == 0
        assert os.lseek(f.fileno(), 0, os.SEEK_HOLE) == 4


def test_too_large_an_offset(path):
    with opened(path, os.O_RDWR | os.O_CREAT) as f, pytest.raises(OSError) as e:
        os.pwrite(f.fileno(), b"x", 2**62)
    assert e.value.errno in (errno.EFBIG, errno.EINVAL)


def test_locks_exclude_each_other(path):
    path.touch()
    with open(path, "r+b") as a, open(path, "r+b") as b:
        fcntl.flock(a, fcntl.LOCK_EX)
        with pytest.raises(BlockingIOError):
            fcntl.flock(b, fcntl.LOCK_EX | fcntl.LOCK_NB)
