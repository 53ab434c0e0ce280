"""Files of terabytes that are mostly holes, on a mount of a small CDN."""
import errno
import os

import pytest

from harness import Cdn
from tools import run

MIB, TIB = 1 << 20, 1 << 40


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Two nodes of 50 MB."""
    cdn = Cdn(tmp_path_factory.mktemp("sparse"), nodes=2, max_storage="50M")
    yield cdn, cdn.mount(cdn.tmp / "a"), cdn.mount(cdn.tmp / "b")
    cdn.close()


def test_truncate_makes_a_tebibyte(small):
    _, a, b = small
    run("truncate", "-s", "1T", a.path / "empty")
    assert (b.path / "empty").stat().st_size == TIB
    with open(b.path / "empty", "rb") as f:
        assert os.pread(f.fileno(), 10, TIB - 5) == bytes(5)


def test_data_far_out(small):
    _, a, b = small
    with open(a.path / "far", "wb") as f:
        for i in range(5):
            os.pwrite(f.fileno(), b"%d" % i * 1000, i * TIB)
    with open(b.path / "far", "r+b") as f:
        assert [os.pread(f.fileno(), 2, i * TIB) for i in range(5)] == [b"%d" % i * 2 for i in range(5)]
        os.pwrite(f.fileno(), b"between", 2 * TIB - 7)
        os.fsync(f.fileno())
    with open(a.path / "far", "rb") as f:
        assert os.pread(f.fileno(), 11, 2 * TIB - 9) == b"\0\0between22"


def test_fallocate_of_a_new_file_sends_no_zeros(small):
    _, a, b = small
    run("fallocate", "-l", "1T", a.path / "long")
    (a.path / "zeros").touch()
    run("fallocate", "-z", "-l", "1T", a.path / "zeros")
    assert [(b.path / name).stat().st_size for name in ("long", "zeros")] == [TIB, TIB]


def test_what_has_no_room_is_enospc(small):
    _, a, b = small
    with open(a.path / "full", "wb") as f:
        os.ftruncate(f.fileno(), TIB)
        for i in range(60):
            os.pwrite(f.fileno(), bytes([i + 1]) * MIB, i << 30)
        with pytest.raises(OSError) as e:
            os.fsync(f.fileno())
        assert e.value.errno == errno.ENOSPC
        os.ftruncate(f.fileno(), 1000)
    assert (b.path / "full").read_bytes() == b"\1" * 1000


def room(path):
    return path.stat().st_blocks * 512


def test_blocks_are_those_of_the_data(small):
    _, a, b = small
    one, other = a.path / "blocks", b.path / "blocks"
    with open(one, "wb") as f:
        os.ftruncate(f.fileno(), TIB)
        assert room(one) == 0
        os.pwrite(f.fileno(), b"x" * MIB, 5 << 30)
        os.fsync(f.fileno())
        assert MIB <= room(one) <= 2 * MIB
        assert room(one) == room(other)
        os.pwrite(f.fileno(), b"y" * MIB, 7 << 30)
        assert 2 * MIB <= room(one) <= 3 * MIB  # staged and stored
    assert 2 * MIB <= room(other) <= 3 * MIB
    assert int(run("du", "-k", other).split()[0]) <= 3 * 1024
    os.truncate(other, 6 << 30)
    assert MIB <= room(one) <= 2 * MIB
    run("fallocate", "-p", "-o", "0", "-l", 6 << 30, one)
    assert room(one) == room(other) == 0
    os.truncate(one, 0)
    assert room(other) == 0


def test_a_dense_file_takes_its_size(small):
    _, a, b = small
    with open(a.path / "dense", "wb") as f:
        f.write(b"x" * 10000)
        f.flush()
        assert room(a.path / "dense") == 10240
    assert room(a.path / "dense") == room(b.path / "dense") == 10240
