"""Files opened by handle (open_by_handle_at), as file servers and backup programs do it, also after the kernel forgot them."""
import ctypes
import errno
import os

import pytest

LIBC = ctypes.CDLL(None, use_errno=True)
MAX = 128  # bytes of a handle


class Handle(ctypes.Structure):
    _fields_ = [("bytes", ctypes.c_uint), ("type", ctypes.c_int), ("data", ctypes.c_ubyte * MAX)]


def handle_of(path):
    handle, mount_id = Handle(bytes=MAX), ctypes.c_int()
    rc = LIBC.name_to_handle_at(-100, os.fsencode(path), ctypes.byref(handle), ctypes.byref(mount_id), 0)
    assert rc == 0, os.strerror(ctypes.get_errno())
    return handle


def open_handle(root, handle, flags=os.O_RDONLY):
    at = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fd = LIBC.open_by_handle_at(at, ctypes.byref(handle), flags)
        if fd < 0:
            raise OSError(ctypes.get_errno(), "open_by_handle_at")
        return fd
    finally:
        os.close(at)


@pytest.fixture
def mount(cdn):
    return cdn.mount(cdn.tmp / "mnt")


@pytest.fixture(params=["known", "forgotten"])
def root(request, cdn, mount):
    """The mount's folder, after call(): by then the kernel knows all of its names, or none."""
    def after():
        if request.param == "known":
            return mount.path
        mount.umount()
        return cdn.mount(mount.path).path
    return after


def test_a_file_is_read_and_written(mount, root):
    (mount.path / "d").mkdir()
    path = mount.path / "d" / "f"
    path.write_bytes(b"content")
    handle, want = handle_of(path), path.stat()
    there = root()
    fd = open_handle(there, handle, os.O_RDWR)
    assert os.pread(fd, 100, 0) == b"content"
    assert os.fstat(fd).st_ino == want.st_ino and os.fstat(fd).st_mtime_ns == want.st_mtime_ns
    os.pwrite(fd, b"CON", 0)
    os.close(fd)
    assert path.read_bytes() == b"CONtent"


def test_one_that_was_renamed_is_found(mount, root):
    path = mount.path / "f"
    path.write_bytes(b"content")
    handle = handle_of(path)
    (mount.path / "d").mkdir()
    path.rename(mount.path / "d" / "g")
    fd = open_handle(root(), handle)
    assert os.read(fd, 100) == b"content"
    os.close(fd)


def test_one_that_was_removed_is_estale(mount, root):
    path = mount.path / "f"
    path.write_bytes(b"content")
    handle = handle_of(path)
    path.unlink()
    with pytest.raises(OSError) as caught:
        open_handle(root(), handle)
    assert caught.value.errno == errno.ESTALE


def open_folder(root, handle):
    return open_handle(root, handle, os.O_RDONLY | os.O_DIRECTORY)


def test_a_folder_is_found_where_it_is(mount, root):
    path = mount.path / "a" / "b" / "c"
    path.mkdir(parents=True)
    (path / "f").write_bytes(b"content")
    handle, want = handle_of(path), path.stat()
    there = root()
    fd = open_folder(there, handle)
    assert os.fstat(fd).st_ino == want.st_ino
    assert os.readlink(f"/proc/self/fd/{fd}") == str(there / "a" / "b" / "c")
    assert os.listdir(fd) == ["f"]
    os.mkdir("d", dir_fd=fd)
    os.close(fd)
    assert (path / "d").is_dir()


def test_the_root_is_found(mount, root):
    handle = handle_of(mount.path)
    (mount.path / "d").mkdir()
    fd = open_folder(root(), handle)
    assert "d" in os.listdir(fd)
    os.close(fd)


def test_a_folder_that_was_moved_is_found_where_it_is_now(mount, root):
    path = mount.path / "a" / "b"
    path.mkdir(parents=True)
    handle = handle_of(path)
    (mount.path / "c").mkdir()
    path.rename(mount.path / "c" / "d")
    there = root()
    fd = open_folder(there, handle)
    assert os.readlink(f"/proc/self/fd/{fd}") == str(there / "c" / "d")
    os.close(fd)


def test_a_folder_that_was_removed_is_estale(mount, root):
    path = mount.path / "d"
    path.mkdir()
    handle = handle_of(path)
    path.rmdir()
    with pytest.raises(OSError) as caught:
        open_folder(root(), handle)
    assert caught.value.errno == errno.ESTALE


def test_a_folder_is_found_after_the_kernel_dropped_its_caches(mount):
    path = mount.path / "a" / "b"
    path.mkdir(parents=True)
    handle = handle_of(path)
    with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as drop:
        drop.write("2\n")  # names and inodes that nobody uses
    fd = open_folder(mount.path, handle)
    assert os.readlink(f"/proc/self/fd/{fd}") == str(path)
    os.close(fd)
