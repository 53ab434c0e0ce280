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


def pieces(path):
    """Where it has data, as lseek tells."""
    found, at = [], 0
    with open(path, "rb") as f:
        while True:
            try:
                at = os.lseek(f.fileno(), at, os.SEEK_DATA)
            except OSError as e:
                assert e.errno == errno.ENXIO
                return found
            end = os.lseek(f.fileno(), at, os.SEEK_HOLE)
            found.append((at, end))
            at = end


DATA = [(0, MIB), (3 << 30, (3 << 30) + MIB), (TIB - MIB, TIB)]


def make(path):
    with open(path, "wb") as f:
        for at, _ in DATA:
            os.pwrite(f.fileno(), b"%08d" % (at % 99999999) * (MIB // 8), at)
    return path


def same(one, other):
    assert pieces(one) == pieces(other) == DATA
    with open(one, "rb") as f, open(other, "rb") as g:
        for at, end in DATA:
            assert os.pread(f.fileno(), MIB, at) == os.pread(g.fileno(), MIB, at)
            for hole in (end, at - 10):
                if 0 <= hole < TIB:
                    assert os.pread(f.fileno(), 10, hole) == bytes(10)
    assert 3 * MIB <= room(one) <= 4 * MIB and 3 * MIB <= room(other) <= 4 * MIB


@pytest.mark.parametrize("how", ["auto", "always"])
def test_cp_within_out_and_in(small, tmp_path, how):
    _, a, b = small
    one = make(a.path / f"cp-{how}")
    run("cp", f"--sparse={how}", one, b.path / f"cp-{how}-2")
    same(one, a.path / f"cp-{how}-2")
    run("cp", f"--sparse={how}", b.path / f"cp-{how}-2", tmp_path / "out")
    same(one, tmp_path / "out")
    run("cp", f"--sparse={how}", tmp_path / "out", a.path / f"cp-{how}-3")
    same(one, b.path / f"cp-{how}-3")
    for name in ("", "-2", "-3"):
        (a.path / f"cp-{how}{name}").unlink()


def test_tar_and_du(small, tmp_path):
    _, a, b = small
    one = make(a.path / "tarred")
    run("tar", "-C", a.path, "-Scf", tmp_path / "x.tar", "tarred")
    assert (tmp_path / "x.tar").stat().st_size < 4 * MIB
    (b.path / "tar").mkdir()
    run("tar", "-C", b.path / "tar", "-xf", tmp_path / "x.tar")
    same(one, a.path / "tar" / "tarred")
    assert int(run("du", "-sk", b.path / "tar").split()[0]) < 4 * 1024
    run("rm", "-r", a.path / "tar", one)


def test_rsync(small):
    _, a, b = small
    one = a.path / "synced"
    with open(one, "wb") as f:
        f.write(b"x" * MIB)
        os.pwrite(f.fileno(), b"y" * MIB, 63 * MIB)
    run("rsync", "-S", one, b.path / "synced-2")
    assert pieces(a.path / "synced-2") == pieces(one) == [(0, MIB), (63 * MIB, 64 * MIB)]
    assert room(a.path / "synced-2") == 2 * MIB
    run("rm", one, a.path / "synced-2")


def test_what_is_written_punched_and_cut(small):
    _, a, b = small
    one, other = make(a.path / "edited"), b.path / "edited"
    with open(other, "r+b") as f:
        os.pwrite(f.fileno(), b"x" * MIB, 1 << 30)
        written = [DATA[0], (1 << 30, (1 << 30) + MIB), *DATA[1:]]
        assert pieces(other) == written
    assert pieces(one) == written
    run("fallocate", "-p", "-o", 3 << 30, "-l", MIB, one)
    assert pieces(other) == pieces(one) == [written[0], written[1], written[3]]
    os.truncate(other, 2 << 30)
    assert pieces(one) == pieces(other) == written[:2]
    os.truncate(one, TIB)
    assert pieces(one) == pieces(other) == written[:2]
    one.unlink()


def test_after_mounting_again(small):
    cdn, a, _ = small
    one = make(a.path / "again")
    c = cdn.mount(cdn.tmp / "c")
    assert pieces(c.path / "again") == pieces(one) == DATA
    assert 3 * MIB <= room(c.path / "again") <= 4 * MIB
    c.umount()
    one.unlink()


def test_what_it_costs(small):
    """A dense file's extents are nobody's to ask for; a sparse one's are one request a handle."""
    _, a, b = small
    one, dense = make(a.path / "asked"), a.path / "dense-2"
    dense.write_bytes(b"x" * MIB)
    before = b.counters()["requests_node"]
    assert pieces(b.path / "dense-2") == [(0, MIB)]
    assert b.counters()["requests_node"] == before
    assert pieces(b.path / "asked") == DATA
    assert b.counters()["requests_node"] == before + 1
    run("rm", one, dense)


def test_what_nobody_can_tell_is_data(small):
    cdn, a, b = small
    make(a.path / "away")
    with open(b.path / "away", "rb") as f:
        for node in ("node1", "node2"):
            cdn.kill(node)
        try:
            assert os.lseek(f.fileno(), 2 * MIB, os.SEEK_DATA) == 2 * MIB
        finally:
            for node in ("node1", "node2"):
                cdn.start(node)
        assert os.lseek(f.fileno(), 2 * MIB, os.SEEK_DATA) == 3 << 30
