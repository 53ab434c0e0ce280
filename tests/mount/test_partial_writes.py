"""What is stored of a file that was changed in part: only that, without loss of what others changed."""
import contextlib
import ctypes
import errno
import mmap
import os
import random
import re
import signal
import sqlite3
import threading

import pytest

from harness import Cdn, get_json, wait_for
from tools import run

KIB, MIB = 1 << 10, 1 << 20
FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE, FALLOC_FL_COLLAPSE_RANGE, FALLOC_FL_ZERO_RANGE, FALLOC_FL_INSERT_RANGE = 1, 2, 8, 16, 32
libc = ctypes.CDLL(None, use_errno=True)


def fallocate(fd, mode, off, length):
    if libc.fallocate(fd, mode, ctypes.c_int64(off), ctypes.c_int64(length)) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """Two mounts of a CDN."""
    cdn = Cdn(tmp_path_factory.mktemp("two"), nodes=2, max_storage="8G")
    yield cdn, cdn.mount(cdn.tmp / "a"), cdn.mount(cdn.tmp / "b")
    cdn.close()


@pytest.fixture
def both(two, request):
    """The same new file, seen from both mounts."""
    name = request.node.name.replace("/", "%2F")
    return two[1].path / name, two[2].path / name


def moved(mount):
    """Bytes that nodes sent to and took from the mount."""
    text = (mount.path / ".cdnfs/metrics").read_text()
    return tuple(int(re.search(rf"^cdn_mount_{what}_bytes_total (\d+)$", text, re.M)[1]) for what in ("fetched", "stored"))


@contextlib.contextmanager
def opened(path, flags, mode=0o644):
    fd = os.open(path, flags, mode)
    try:
        yield fd
    finally:
        os.close(fd)


def test_different_ranges_of_two_mounts_are_both_there(both):
    a, b = both
    a.write_bytes(bytes(300_000))
    with opened(a, os.O_RDWR) as fa, opened(b, os.O_RDWR) as fb:
        os.pwrite(fa, b"A" * 1000, 100)
        os.pwrite(fb, b"B" * 1000, 200_000)
        os.pwrite(fb, b"end", 300_000)
        assert os.pread(fa, 1000, 200_000) == bytes(1000)  # not stored yet
    want = bytes(100) + b"A" * 1000 + bytes(198_900) + b"B" * 1000 + bytes(99_000) + b"end"
    assert a.read_bytes() == b.read_bytes() == want


def test_ranges_that_were_written_to_an_empty_file(both):
    a, b = both
    a.touch()
    with opened(a, os.O_RDWR) as fa, opened(b, os.O_RDWR) as fb:
        os.pwrite(fa, b"A" * 1000, 0)
        os.pwrite(fb, b"B" * 1000, 1000)
    assert a.read_bytes() == b.read_bytes() == b"A" * 1000 + b"B" * 1000


def test_of_the_same_range_the_last_close_wins_whole(both):
    a, b = both
    a.write_bytes(bytes(500_000))
    fa, fb = os.open(a, os.O_RDWR), os.open(b, os.O_RDWR)
    os.pwrite(fa, b"A" * 200_000, 100_000)
    os.pwrite(fb, b"B" * 200_000, 200_000)
    os.close(fb)
    os.close(fa)
    assert b.read_bytes() == a.read_bytes() == bytes(100_000) + b"A" * 200_000 + b"B" * 100_000 + bytes(100_000)


def test_who_stored_sees_what_others_changed(both):
    """Through the handle that stayed open: its cached pages are those of an older version."""
    a, b = both
    a.write_bytes(b"0" * 300_000)
    with opened(a, os.O_RDWR) as fa:
        assert os.pread(fa, 300_000, 0) == b"0" * 300_000
        with opened(b, os.O_RDWR) as fb:
            os.pwrite(fb, b"B" * 10, 150_000)
            os.pwrite(fb, b"B" * 10, 300_000)
        os.pwrite(fa, b"A" * 10, 0)
        os.fsync(fa)
        want = b"A" * 10 + b"0" * 149_990 + b"B" * 10 + b"0" * 149_990 + b"B" * 10
        wait_for("the other's bytes", lambda: os.pread(fa, 400_000, 0) == want)
        assert os.fstat(fa).st_size == 300_010
    assert a.read_bytes() == b.read_bytes() == want


@pytest.mark.parametrize("lines", [1, 7])
def test_appends_of_two_mounts_are_all_there(both, lines):
    def append(path, who):
        for i in range(40):
            with opened(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT) as fd:
                for k in range(lines):
                    os.write(fd, b"%s %02d.%d %s\n" % (who, i, k, who * 50))

    threads = [threading.Thread(target=append, args=(p, w)) for p, w in zip(both, (b"a", b"b"))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    got = both[0].read_bytes()
    assert got == both[1].read_bytes()
    for who in (b"a", b"b"):
        mine = [line for line in got.splitlines() if line.startswith(who)]
        assert mine == [b"%s %02d.%d %s" % (who, i, k, who * 50) for i in range(40) for k in range(lines)]
    assert len(got.splitlines()) == 80 * lines


def test_appends_through_handles_that_stay_open(both):
    with opened(both[0], os.O_WRONLY | os.O_APPEND | os.O_CREAT) as fa, opened(both[1], os.O_WRONLY | os.O_APPEND) as fb:
        for i in range(20):
            os.write(fa, b"a%02d\n" % i)
            os.write(fb, b"b%02d\n" % i)
            os.fsync(fb)
            os.fsync(fa)
    got = both[0].read_bytes()
    assert got == both[1].read_bytes()
    assert sorted(got.split()) == sorted(b"%c%02d" % (w, i) for w in b"ab" for i in range(20))


def test_append_while_the_other_truncates(both):
    a, b = both
    a.write_bytes(b"old " * 1000)
    with opened(a, os.O_WRONLY | os.O_APPEND) as fa:
        os.write(fa, b"new")
        os.truncate(b, 4)
    assert a.read_bytes() == b.read_bytes() == b"old new"


def test_truncation_keeps_what_the_other_wrote_below(both):
    a, b = both
    a.write_bytes(b"0" * 10_000)
    with opened(a, os.O_RDWR) as fa:
        os.ftruncate(fa, 5000)
        os.pwrite(fa, b"A", 6000)
        with opened(b, os.O_RDWR) as fb:
            os.pwrite(fb, b"B", 100)
            os.pwrite(fb, b"B", 20_000)
    assert a.read_bytes() == b.read_bytes() == b"0" * 100 + b"B" + b"0" * 4899 + bytes(1000) + b"A"


def test_pages_written_by_mmap(both):
    a, b = both
    a.write_bytes(b"0" * 40_000)
    with opened(a, os.O_RDWR) as fa, opened(b, os.O_RDWR) as fb:
        with mmap.mmap(fa, 40_000) as ma, mmap.mmap(fb, 40_000) as mb:
            ma[5:10] = b"AAAAA"
            mb[20_000:20_005] = b"BBBBB"
            mb[39_999:] = b"B"
            ma.flush()
            mb.flush()
    want = b"0" * 5 + b"A" * 5 + b"0" * 19_990 + b"B" * 5 + b"0" * 19_994 + b"B"
    assert a.read_bytes() == b.read_bytes() == want


def test_one_kib_of_a_large_file_moves_two(two, both):
    cdn, mount, _ = two
    size = 256 * MIB
    both[0].write_bytes(os.urandom(MIB) * 256)
    before = moved(mount)
    with opened(both[0], os.O_RDWR) as fd:
        os.pwrite(fd, b"x" * KIB, size // 2 + 12345)
    fetched, stored = (now - was for now, was in zip(moved(mount), before))
    assert fetched == 0 and KIB <= stored < 2 * KIB
    with opened(both[1], os.O_RDONLY) as fd:
        assert os.pread(fd, KIB + 2, size // 2 + 12344)[1:-1] == b"x" * KIB
        assert os.fstat(fd).st_size == size
    os.unlink(both[0])
    assert cdn.processes["node1"].running()


def test_fsync_each_kib_moves_each_once(two, both):
    _, mount, _ = two
    both[0].write_bytes(bytes(4 * MIB))
    before = moved(mount)
    with opened(both[0], os.O_RDWR) as fd:
        for i in range(50):
            os.pwrite(fd, b"%d" % (i % 10) * KIB, i * 8 * KIB)
            os.fsync(fd)
            assert os.pread(fd, KIB, i * 8 * KIB) == b"%d" % (i % 10) * KIB
    fetched, stored = (now - was for now, was in zip(moved(mount), before))
    assert fetched <= 4 * MIB and stored < 100 * KIB
    got = both[1].read_bytes()
    assert len(got) == 4 * MIB and all(got[i * 8 * KIB:][:KIB] == b"%d" % (i % 10) * KIB for i in range(50))


def test_a_file_written_anew_is_sent_whole_once(two, both):
    _, mount, _ = two
    before = moved(mount)
    for _ in range(2):
        both[0].write_bytes(b"n" * MIB)
    fetched, stored = (now - was for now, was in zip(moved(mount), before))
    assert fetched == 0 and stored == 2 * MIB


def test_truncation_moves_no_bytes(two, both):
    _, mount, _ = two
    data = os.urandom(8 * MIB)
    both[0].write_bytes(data)
    before = moved(mount)
    os.truncate(both[0], 5 * MIB)
    os.truncate(both[0], 6 * MIB)
    fetched, stored = (now - was for now, was in zip(moved(mount), before))
    assert fetched == 0 and stored < KIB
    assert both[1].read_bytes() == data[:5 * MIB] + bytes(MIB)


def test_a_sparse_file_is_not_sent_as_zeros(two, both):
    _, mount, _ = two
    before = moved(mount)
    with opened(both[0], os.O_RDWR | os.O_CREAT) as fd:
        os.ftruncate(fd, 512 * MIB)
        os.pwrite(fd, b"here", 300 * MIB)
    assert moved(mount)[1] - before[1] < KIB
    with opened(both[1], os.O_RDONLY) as fd:
        assert os.fstat(fd).st_size == 512 * MIB
        assert os.pread(fd, 6, 300 * MIB - 1) == b"\0here\0"
    os.unlink(both[0])


def test_more_ranges_than_are_kept_apart(both):
    rng = random.Random(3)
    model = bytearray(rng.randbytes(2 * MIB))
    both[0].write_bytes(model)
    with opened(both[0], os.O_RDWR) as fd:
        for i in rng.sample(range(0, 2 * MIB, 64), 17_000):
            model[i:i + 3] = b"xyz"
            assert os.pwrite(fd, b"xyz", i) == 3
    assert both[1].read_bytes() == both[0].read_bytes() == model


@pytest.mark.parametrize("seed", range(4))
def test_random_changes_on_two_mounts_with_disjoint_parts(both, seed):
    """Each mount changes its own half of each page's neighbourhood; both see all of it after each close."""
    rng = random.Random(seed)
    size = 400_000
    model = bytearray(rng.randbytes(size))
    both[0].write_bytes(model)
    for _ in range(8):
        with opened(both[0], os.O_RDWR) as fa, opened(both[1], os.O_RDWR) as fb:
            for _ in range(rng.randrange(1, 40)):
                which = rng.randrange(2)
                off = rng.randrange(size // 20_000) * 20_000 + which * 10_000
                n = rng.randrange(1, 10_000)
                at, fd = off + rng.randrange(10_000 - n + 1), (fa, fb)[which]
                data = rng.randbytes(n)
                what = rng.random()
                if what < 0.7:
                    os.pwrite(fd, data, at)
                elif what < 0.8:
                    data = bytes(n)
                    fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, n)
                else:
                    assert os.pread(fd, n, at) == model[at:at + n]
                    continue
                model[at:at + n] = data
                if what < 0.1:
                    os.fsync(fd)
        assert both[0].read_bytes() == both[1].read_bytes() == model


@pytest.mark.parametrize("seed", range(4))
def test_random_operations_against_a_model(both, seed):
    """As fsx does: reads, writes, appends, sizes, holes, mmap, copies, and now and then closing and opening again."""
    rng = random.Random(seed)
    model, most = bytearray(), 300_000
    fd = os.open(both[0], os.O_RDWR | os.O_CREAT)

    def put(off, data):
        model.extend(bytes(max(0, off + len(data) - len(model))))
        model[off:off + len(data)] = data

    for _ in range(300):
        what = rng.choice(["write", "write", "read", "read", "append", "truncate", "punch", "zero", "grow", "mmap", "copy", "sync", "open", "seek"])
        off, n = rng.randrange(most), rng.choice([1, 5, 4096, 30_000])
        if what == "write":
            data = rng.randbytes(n)
            assert os.pwrite(fd, data, off) == n
            put(off, data)
        elif what == "read":
            assert os.pread(fd, n, off) == model[off:off + n]
        elif what == "append":
            data = rng.randbytes(n)
            with opened(both[0], os.O_WRONLY | os.O_APPEND) as other:
                os.write(other, data)
            put(len(model), data)
        elif what == "truncate":
            os.ftruncate(fd, off)
            del model[off:]
            put(off, b"")
        elif what == "punch":
            fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, off, n)
            put(min(off, len(model)), bytes(max(0, min(n, len(model) - off))))
        elif what == "zero":
            fallocate(fd, FALLOC_FL_ZERO_RANGE, off, n)
            put(off, bytes(n))
        elif what == "grow":
            fallocate(fd, 0, off, n)
            put(max(len(model), off + n), b"")
        elif what == "mmap" and off < len(model):
            with mmap.mmap(fd, len(model)) as m:
                data = rng.randbytes(min(n, len(model) - off))
                m[off:off + len(data)] = data
                put(off, data)
        elif what == "copy":
            n = 70_000
            with opened(both[0].with_suffix(".copy"), os.O_RDWR | os.O_CREAT) as to:
                done = 0
                while done < n and (k := os.copy_file_range(fd, to, n - done, off + done, done)):
                    done += k
                os.ftruncate(to, done)
                assert os.pread(to, n, 0) == model[off:off + n]
        elif what == "sync":
            os.fsync(fd)
        elif what == "open":
            os.close(fd)
            assert both[1].read_bytes() == model
            fd = os.open(both[0], os.O_RDWR)
        elif what == "seek" and off < len(model):
            hole = os.lseek(fd, off, os.SEEK_HOLE)
            try:
                data = os.lseek(fd, hole, os.SEEK_DATA)
            except OSError as e:
                assert e.errno == errno.ENXIO
                data = len(model)
            assert off <= hole <= data <= len(model) and not any(model[hole:data])
        assert os.fstat(fd).st_size == len(model)
    os.close(fd)
    assert both[0].read_bytes() == both[1].read_bytes() == model


def test_fallocate(both):
    with opened(both[0], os.O_RDWR | os.O_CREAT) as fd:
        os.write(fd, b"0123456789")
        fallocate(fd, 0, 0, 5)
        fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 100)
        assert os.fstat(fd).st_size == 10
        fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 8, 100)
        fallocate(fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, 2, 2)
        assert os.pread(fd, 100, 0) == b"01\0\0004567\0\0"
        fallocate(fd, FALLOC_FL_ZERO_RANGE, 9, 3)
        fallocate(fd, 0, 15, 5)
        for mode in (FALLOC_FL_COLLAPSE_RANGE, FALLOC_FL_INSERT_RANGE):
            with pytest.raises(OSError) as e:
                fallocate(fd, mode, 0, 4096)
            assert e.value.errno == errno.EOPNOTSUPP
        with pytest.raises(OSError) as e:
            fallocate(fd, 0, 0, 1 << 54)
        assert e.value.errno == errno.EFBIG
    assert both[1].read_bytes() == b"01\0\0004567" + bytes(12)


@pytest.mark.parametrize("mode", [FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, FALLOC_FL_ZERO_RANGE])
@pytest.mark.parametrize("off", [0, 100_000], ids=["all", "tail"])
def test_zeros_to_the_end_of_what_was_stored_before(both, mode, off):
    """Nothing of the file is in staging then; as mkfs does it on a loop device."""
    data = os.urandom(300_000)
    both[0].write_bytes(data)
    with opened(both[0], os.O_RDWR) as fd:
        fallocate(fd, mode, off, len(data) - off)
        os.pwrite(fd, b"new", 0)
        os.fsync(fd)
    assert both[0].read_bytes() == both[1].read_bytes() == b"new" + data[3:off] + bytes(len(data) - max(off, 3))


def test_a_copy_inside_the_cdn_moves_no_bytes(two, both):
    cdn, mount, _ = two
    data = os.urandom(5 * MIB)
    both[0].write_bytes(data)
    target = both[0].with_suffix(".copy")
    before = moved(mount)
    run("cp", "--reflink=auto", both[0], target)
    fetched, stored = (now - was for now, was in zip(moved(mount), before))
    assert fetched == 0 and stored < KIB
    assert both[1].with_suffix(".copy").read_bytes() == data
    assert cdn.processes["node1"].running()


def test_copies_of_parts(both):
    data = os.urandom(MIB)
    both[0].write_bytes(data)
    target = both[0].with_suffix(".copy")
    model = bytearray(os.urandom(300_000))
    target.write_bytes(model)
    with opened(both[0], os.O_RDWR) as a, opened(target, os.O_RDWR) as b:
        os.pwrite(a, b"changed", 500_000)
        data = data[:500_000] + b"changed" + data[500_007:]
        os.pwrite(b, b"too", 0)
        model[:3] = b"too"
        for off, n, to in ((400_000, 200_000, 200_000), (5, 100, 7), (MIB - 70_000, 100_000, 350_000), (MIB, 70_000, 0)):
            done = 0
            while done < n and (k := os.copy_file_range(a, b, n - done, off + done, to + done)):
                done += k
            piece = data[off:off + n]
            assert done == len(piece)
            model.extend(bytes(max(0, to + done - len(model))))
            model[to:to + done] = piece
        assert os.pread(b, 2 * MIB, 0) == model
    assert both[1].with_suffix(".copy").read_bytes() == model


def test_seeks_for_data_and_holes(both):
    both[0].write_bytes(b"d" * 10_000)
    with opened(both[1], os.O_RDONLY) as fd:
        assert os.lseek(fd, 100, os.SEEK_DATA) == 100
        assert os.lseek(fd, 100, os.SEEK_HOLE) == 10_000
        for whence in (os.SEEK_DATA, os.SEEK_HOLE):
            with pytest.raises(OSError) as e:
                os.lseek(fd, 10_000, whence)
            assert e.value.errno == errno.ENXIO


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_sqlite(both, journal):
    """Reads, changes in place, truncates, and syncs as a database does."""
    db = sqlite3.connect(both[0], isolation_level=None)
    assert db.execute(f"PRAGMA journal_mode={journal}").fetchone() == (journal,)
    db.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b BLOB)")
    for i in range(20):
        db.execute("BEGIN")
        db.executemany("INSERT INTO t (b) VALUES (?)", [(os.urandom(500),) for _ in range(20)])
        db.execute("DELETE FROM t WHERE a % 7 = ?", (i % 7,))
        db.execute("ROLLBACK" if i % 5 == 4 else "COMMIT")
    db.execute("VACUUM")
    count, total = db.execute("SELECT count(*), sum(a) FROM t").fetchone()
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    db.close()
    other = sqlite3.connect(both[1])
    assert other.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert other.execute("SELECT count(*), sum(a) FROM t").fetchone() == (count, total)
    other.close()


def test_an_unlinked_file_keeps_what_was_not_written(both):
    data = os.urandom(500_000)
    both[0].write_bytes(data)
    with opened(both[0], os.O_RDWR) as fd:
        os.pwrite(fd, b"new", 100)
        os.unlink(both[0])
        os.fsync(fd)
        assert os.pread(fd, 600_000, 0) == data[:100] + b"new" + data[103:]
        os.ftruncate(fd, 50)
        os.ftruncate(fd, 200)
        assert os.pread(fd, 600_000, 0) == data[:50] + bytes(150)
    assert not both[1].exists()


@pytest.fixture
def one(tmp_path):
    """A mount whose only node can be killed."""
    cdn = Cdn(tmp_path / "cdn", nodes=1, max_storage="3M", node_args=["--dist-timeout=5"])
    yield cdn, cdn.mount(cdn.tmp / "mnt", "timeout=60")
    cdn.close()


def test_no_room_for_a_change_leaves_the_file_as_it_was(one):
    cdn, mount = one
    path = mount.path / "f"
    path.write_bytes(b"0" * 2_000_000)
    fd = os.open(path, os.O_RDWR)
    os.pwrite(fd, b"A" * 10, 0)
    os.pwrite(fd, b"B" * 990_000, 2_000_000)
    with pytest.raises(OSError) as e:
        os.fsync(fd)
    assert e.value.errno == errno.ENOSPC
    other = cdn.mount(cdn.tmp / "other")
    assert (other.path / "f").read_bytes() == b"0" * 2_000_000
    assert os.pread(fd, 20, 0) == b"A" * 10 + b"0" * 10  # kept here
    os.ftruncate(fd, 1000)  # for that there is room
    os.close(fd)
    assert (other.path / "f").read_bytes() == b"A" * 10 + b"0" * 990


@pytest.mark.parametrize("where", ["end", "middle"])
def test_a_node_killed_while_it_takes_changes(one, where):
    """The mount tries again until the node is back, and each change is there once."""
    cdn, mount = one
    path = mount.path / "f"
    path.write_bytes(b"0" * 100_000)
    stop, want = threading.Event(), []

    def change():
        i = 0
        while not stop.is_set() or i < 10:
            if where == "end":
                with opened(path, os.O_WRONLY | os.O_APPEND) as fd:
                    os.write(fd, b"line %d\n" % i)
                want.append(b"line %d\n" % i)
            else:
                with opened(path, os.O_RDWR) as fd:
                    os.pwrite(fd, b"%08d" % i, 8 * (i % 1000))
            i += 1
        want.append(i)

    t = threading.Thread(target=change)
    t.start()
    try:
        for _ in range(4):
            cdn.kill("node1", signal.SIGKILL)
            cdn.start("node1")
            cdn.wait_status("node1")
    finally:
        stop.set()
        t.join()
    count, other = want.pop(), cdn.mount(cdn.tmp / "other")
    got = (other.path / "f").read_bytes()
    if where == "end":
        assert got == b"0" * 100_000 + b"".join(want)
    else:
        assert got[:8 * min(count, 1000)] == b"".join(b"%08d" % max(k for k in range(i, count, 1000)) for i in range(min(count, 1000)))


def test_a_node_that_is_away_when_an_append_is_stored(one):
    """The close fails, the bytes are kept, and are appended once when it is back."""
    cdn, mount = one
    path = mount.path / "f"
    path.write_bytes(b"old\n")
    short = cdn.mount(cdn.tmp / "short", "timeout=1")
    fd = os.open(short.path / "f", os.O_WRONLY | os.O_APPEND)
    os.write(fd, b"one\n")
    cdn.kill("node1")
    with pytest.raises(OSError):
        os.fsync(fd)
    os.write(fd, b"two\n")
    cdn.start("node1")
    cdn.wait_status("node1")

    def stored():
        try:
            os.fsync(fd)
            return True
        except OSError:
            return False
    wait_for("it can be stored", stored)
    os.close(fd)
    assert path.read_bytes() == b"old\none\ntwo\n"


def test_a_change_whose_node_is_away_goes_whole_to_another(tmp_path):
    """As far as all bytes are staged here."""
    cdn = Cdn(tmp_path / "cdn", nodes=2)
    try:
        path = cdn.mount(cdn.tmp / "mnt").path / "f"
        with opened(path, os.O_RDWR | os.O_CREAT) as fd:
            os.write(fd, b"0" * 100_000)
            os.fsync(fd)
            cdn.kill(get_json(f"{cdn.url}/content/{os.fstat(fd).st_ino}")["node"])
            os.pwrite(fd, b"new", 5)
            os.fsync(fd)
        assert (cdn.mount(cdn.tmp / "other").path / "f").read_bytes() == b"0" * 5 + b"new" + b"0" * 99_992
    finally:
        cdn.close()
