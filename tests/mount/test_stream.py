"""Large files are sent while they are being written: what is stored is what they were at close, all the same."""
import errno
import os
import random
import signal

import pytest
import requests

from harness import Cdn, wait_for

MIB = 1 << 20
NODES = ("node1", "node2", "node3")


@pytest.fixture
def mount(cdn):
    """A mount that waits five seconds for a server."""
    return cdn.mount(cdn.tmp / "mnt", "timeout=5")


def again(cdn, mount):
    """Unmounted and mounted again: nothing is cached."""
    mount.umount()
    return cdn.mount(mount.path)


def pieces(count, seed=1):
    """Pieces of 1 MiB, no two equal."""
    base = bytearray(random.Random(seed).randbytes(MIB))
    for i in range(count):
        base[:8] = i.to_bytes(8, "little")
        yield bytes(base)


def arrived(cdn):
    """Bytes of unfinished uploads, by node."""
    got = {}
    for i, name in enumerate(NODES):
        for path in (cdn.storage(i + 1) / "tmp").glob("up.*"):
            try:
                got[name] = got.get(name, 0) + path.stat().st_size
            except FileNotFoundError:
                pass
    return got


def begun(cdn, path, count=12):
    """A file of so many MiB that is open, and mostly on its node."""
    fd = os.open(path, os.O_CREAT | os.O_RDWR | os.O_TRUNC, 0o644)
    data = b"".join(pieces(count))
    for i in range(count):
        os.write(fd, data[i * MIB:(i + 1) * MIB])
    wait_for("bytes on a node", lambda: sum(arrived(cdn).values()) >= (count - 1) * MIB)
    return fd, data


@pytest.mark.parametrize("finish", [os.close, os.fsync], ids=["close", "fsync"])
def test_bytes_are_on_their_way_before_the_file_is_stored(cdn, mount, finish):
    other = cdn.mount(cdn.tmp / "other")  # first: a child that is begun closes its copy of fd
    fd, data = begun(cdn, mount.path / "f")
    assert (other.path / "f").stat().st_size == 0
    before = mount.counters()["requests_node"]
    finish(fd)
    assert mount.counters()["requests_node"] == before  # the one under way
    assert (other.path / "f").read_bytes() == data
    assert arrived(cdn) == {}
    if finish == os.fsync:
        os.close(fd)


def test_times_are_those_of_the_writer(cdn, mount):
    fd, _ = begun(cdn, mount.path / "f")
    os.utime(fd, ns=(1_500_000_000_123_456_789, 1_600_000_000_123_456_789))
    os.close(fd)
    assert (again(cdn, mount).path / "f").stat().st_mtime_ns == 1_600_000_000_123_456_789


def rewrite_start(fd, data):
    os.pwrite(fd, b"another start", 0)
    return b"another start" + data[13:]


def cut(fd, data):
    os.ftruncate(fd, 3 * MIB + 1)
    return data[:3 * MIB + 1]


def empty(fd, _):
    os.ftruncate(fd, 0)
    return b""


def lengthen(fd, data):
    os.ftruncate(fd, len(data) + 5)
    return data + bytes(5)


def leave_a_hole(fd, data):
    os.pwrite(fd, b"far", len(data) + 4096)
    return data + bytes(4096) + b"far"


def punch(fd, data):
    os.posix_fallocate(fd, 0, len(data) + 100)
    return data + bytes(100)


def sync_and_go_on(fd, data):
    os.fsync(fd)
    os.write(fd, b"more")
    return data + b"more"


def begin_again(fd, data):
    os.ftruncate(fd, 0)
    os.pwrite(fd, data[::-1], 0)
    return data[::-1]


@pytest.mark.parametrize("change", [rewrite_start, cut, empty, lengthen, leave_a_hole, punch, sync_and_go_on, begin_again])
def test_a_change_of_what_was_sent(cdn, mount, change):
    fd, data = begun(cdn, mount.path / "f")
    want = change(fd, data)
    assert os.pread(fd, len(want) + 1, 0) == want
    os.close(fd)
    assert (again(cdn, mount).path / "f").read_bytes() == want
    wait_for("nothing left over", lambda: arrived(cdn) == {})


def test_a_file_that_was_there(cdn, mount):
    (mount.path / "f").write_bytes(b"old")
    fd, data = begun(cdn, mount.path / "f")
    os.close(fd)
    assert (again(cdn, mount).path / "f").read_bytes() == data


def test_another_mount_stored_the_file_meanwhile(cdn, mount):
    other = cdn.mount(cdn.tmp / "other")
    fd, data = begun(cdn, mount.path / "f")
    (other.path / "f").write_bytes(b"theirs")
    os.close(fd)
    assert (again(cdn, mount).path / "f").read_bytes() == data


@pytest.mark.parametrize("seed", range(3))
def test_random_operations_against_a_model(cdn, mount, seed):
    rng = random.Random(seed)
    model = bytearray()
    fd = os.open(mount.path / "f", os.O_CREAT | os.O_RDWR, 0o644)
    for _ in range(40):
        what, data = rng.random(), rng.randbytes(rng.randrange(1, 2 * MIB))
        if what < 0.85 or not model:
            os.pwrite(fd, data, len(model))
            model += data
        elif what < 0.95:
            off = rng.randrange(len(model))
            os.pwrite(fd, data, off)
            model[off:off + len(data)] = data
        elif what < 0.98:
            os.fsync(fd)
        else:
            size = rng.randrange(len(model))
            os.ftruncate(fd, size)
            del model[size:]
    os.close(fd)
    assert (again(cdn, mount).path / "f").read_bytes() == model


def test_a_mount_that_is_killed_leaves_the_old_file(cdn, mount):
    (mount.path / "f").write_bytes(b"old")
    mount = again(cdn, mount)
    fd = os.open(mount.path / "f", os.O_RDWR)
    for piece in pieces(12):
        os.write(fd, piece)
    wait_for("bytes on a node", lambda: sum(arrived(cdn).values()) >= 11 * MIB)
    mount.kill()
    mount.close()
    with pytest.raises(OSError):
        os.close(fd)
    assert (cdn.mount(cdn.tmp / "mnt").path / "f").read_bytes() == b"old"
    wait_for("nothing left over", lambda: arrived(cdn) == {})


def test_a_file_that_is_unlinked_meanwhile(cdn, mount):
    fd, data = begun(cdn, mount.path / "f")
    os.unlink(mount.path / "f")
    assert os.pread(fd, len(data), 0) == data
    os.close(fd)
    wait_for("nothing left over", lambda: arrived(cdn) == {})


@pytest.mark.parametrize("sig", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "stopped"])
def test_its_node_goes(cdn, mount, sig):
    fd, data = begun(cdn, mount.path / "f")
    node = next(iter(arrived(cdn)))
    cdn.kill(node, sig)
    os.write(fd, b"behind")
    try:
        os.close(fd)
        stored = True
    except OSError as e:  # one that stands still uses the time up; the bytes stay, for the next attempt
        stored = False
        assert sig == signal.SIGSTOP and e.errno in (errno.EIO, errno.ETIMEDOUT)
    if sig == signal.SIGSTOP:
        cdn.kill(node, signal.SIGCONT)
    else:
        assert stored
        cdn.start(node)
        cdn.wait_status(*NODES)
    assert (again(cdn, mount).path / "f").read_bytes() == data + b"behind"


def test_a_node_that_gets_full_meanwhile_is_passed_over(tmp_path):
    cdn = Cdn(tmp_path / "cdn", max_storage="24M")
    try:
        mount = cdn.mount(cdn.tmp / "mnt", "timeout=5")
        fd, data = begun(cdn, mount.path / "f")
        node = next(iter(arrived(cdn)))
        taken = requests.post(cdn.base(node) + "/store/", params={"filename": "x"}, data=bytes(8 * MIB), timeout=60)
        assert taken.status_code == 200
        for piece in pieces(8, seed=2):
            os.write(fd, piece)
            data += piece
        os.close(fd)
        assert (again(cdn, mount).path / "f").read_bytes() == data
    finally:
        cdn.close()
