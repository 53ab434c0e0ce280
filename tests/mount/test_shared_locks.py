"""flock and fcntl locks across two mounts of one CDN. The rules of one mount are those of tests/posix/lock.c."""
import contextlib
import ctypes
import errno
import fcntl
import os
import signal
import sqlite3
import struct
import subprocess
import sys
import threading

import pytest

from harness import Cdn, wait_for

LIBC = ctypes.CDLL(None, use_errno=True)
OFD_GETLK, OFD_SETLK, OFD_SETLKW = 36, 37, 38


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """Two mounts of one CDN."""
    cdn = Cdn(tmp_path_factory.mktemp("cdn"), max_storage="2G")
    cdn.mount(cdn.tmp / "one")
    cdn.mount(cdn.tmp / "two")
    yield cdn
    cdn.close()


@pytest.fixture
def files(pair, request):
    """The same new file, open in both mounts."""
    paths = [m.path / request.node.name for m in pair.mounts]
    paths[0].write_bytes(b"start")
    with open(paths[0], "r+b", buffering=0) as one, open(paths[1], "r+b", buffering=0) as two:
        yield one, two


def refused(call, *args):
    with pytest.raises(OSError) as e:
        call(*args)
    assert e.value.errno == errno.EAGAIN
    return True


def ofd(file, cmd, kind, start=0, length=0):
    data = struct.pack("hhqqi", kind, os.SEEK_SET, start, length, 0)
    return fcntl.fcntl(file, cmd, data.ljust(32, b"\0"))


def test_flock(files):
    one, two = files
    fcntl.flock(one, fcntl.LOCK_EX)
    refused(fcntl.flock, two, fcntl.LOCK_SH | fcntl.LOCK_NB)
    fcntl.flock(one, fcntl.LOCK_SH)
    fcntl.flock(two, fcntl.LOCK_SH | fcntl.LOCK_NB)
    refused(fcntl.flock, two, fcntl.LOCK_EX | fcntl.LOCK_NB)
    fcntl.flock(one, fcntl.LOCK_UN)
    fcntl.flock(two, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_fcntl_ranges(files):
    one, two = files
    fcntl.lockf(one, fcntl.LOCK_EX, 10, 100)
    fcntl.lockf(two, fcntl.LOCK_EX | fcntl.LOCK_NB, 10, 110)
    refused(fcntl.lockf, two, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 109)
    refused(fcntl.lockf, two, fcntl.LOCK_SH | fcntl.LOCK_NB)
    fcntl.lockf(one, fcntl.LOCK_UN, 5, 105)
    fcntl.lockf(two, fcntl.LOCK_SH | fcntl.LOCK_NB, 5, 105)
    refused(fcntl.lockf, two, fcntl.LOCK_SH | fcntl.LOCK_NB, 10, 100)


def test_getlk_tells_the_other_mounts_lock(files):
    one, two = files
    fcntl.lockf(one, fcntl.LOCK_EX, 10, 100)
    asked = struct.pack("hhqqi", fcntl.F_RDLCK, os.SEEK_SET, 0, 0, 0).ljust(32, b"\0")
    kind, whence, start, length, pid = struct.unpack("hhqqi", fcntl.fcntl(two, fcntl.F_GETLK, asked)[:28])
    assert (kind, whence, start, length) == (fcntl.F_WRLCK, os.SEEK_SET, 100, 10)
    assert pid == 0
    fcntl.lockf(one, fcntl.LOCK_UN)
    assert struct.unpack("h", fcntl.fcntl(two, fcntl.F_GETLK, asked)[:2])[0] == fcntl.F_UNLCK


def test_ofd_locks(files):
    one, two = files
    ofd(one, OFD_SETLK, fcntl.F_WRLCK)
    refused(ofd, two, OFD_SETLK, fcntl.F_RDLCK)
    again = os.open(one.name, os.O_RDWR)
    refused(ofd, again, OFD_SETLK, fcntl.F_RDLCK)
    os.close(again)
    refused(ofd, two, OFD_SETLK, fcntl.F_RDLCK)  # a close of another open file gives nothing back
    one.close()
    ofd(two, OFD_SETLKW, fcntl.F_WRLCK)  # the kernel says so a moment after close


def test_close_gives_back(files):
    one, two = files
    fcntl.lockf(one, fcntl.LOCK_EX)
    os.close(os.open(one.name, os.O_RDWR))  # any close by the process does
    fcntl.lockf(two, fcntl.LOCK_EX | fcntl.LOCK_NB)
    fcntl.flock(one, fcntl.LOCK_EX)
    one.close()
    fcntl.flock(two, fcntl.LOCK_EX)  # the kernel says so a moment after close


def holder(path, how, *more):
    """A process that has the lock, and waits."""
    code = f"import fcntl, sys; f = open({str(path)!r}, 'r+b'); fcntl.{how}(f, fcntl.LOCK_EX); print('has', flush=True); sys.stdin.read()"
    p = subprocess.Popen([sys.executable, "-c", code, *more], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert p.stdout.readline() == "has\n"
    return p


@pytest.mark.parametrize("how", ["flock", "lockf"])
def test_a_killed_process_has_none(files, how):
    one, two = files
    p = holder(one.name, how)
    refused(getattr(fcntl, how), two, fcntl.LOCK_EX | fcntl.LOCK_NB)
    p.kill()
    p.wait()
    getattr(fcntl, how)(two, fcntl.LOCK_EX)
    p.communicate()


@pytest.mark.parametrize("how", ["flock", "lockf"])
@pytest.mark.parametrize("same", [True, False], ids=["same mount", "other mount"])
def test_who_waits_gets_it(files, how, same):
    one, two = files
    p = holder(one.name, how)
    other, got = open(one.name if same else two.name, "r+b", buffering=0), threading.Event()

    def wait():
        getattr(fcntl, how)(other, fcntl.LOCK_EX)
        got.set()

    waiter = threading.Thread(target=wait)
    waiter.start()
    refused(getattr(fcntl, how), other if how == "flock" and not same else two, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert not got.is_set()
    p.communicate("")
    waiter.join()
    assert got.is_set()
    other.close()


def test_who_waits_can_be_killed(files):
    one, two = files
    fcntl.flock(one, fcntl.LOCK_EX)
    code = f"import fcntl; f = open({two.name!r}, 'r+b'); print('waits', flush=True); fcntl.flock(f, fcntl.LOCK_EX)"
    p = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert p.stdout.readline() == "waits\n"
    wait_for("a process that waits in flock",
             lambda: "flock" in open(f"/proc/{p.pid}/syscall", encoding="ascii").read() or
             open(f"/proc/{p.pid}/syscall", encoding="ascii").read().split()[0] == "73")
    p.send_signal(signal.SIGTERM)
    assert p.wait() == -signal.SIGTERM
    p.stdout.close()
    fcntl.flock(one, fcntl.LOCK_UN)
    fcntl.flock(two, fcntl.LOCK_EX)  # nobody else got it


def test_a_lock_shows_what_the_last_holder_wrote(files):
    """On files that stay open: what close-to-open alone would not show."""
    one, two = files
    for i in range(10):
        for mine, theirs in ((one, two), (two, one)):
            fcntl.lockf(mine, fcntl.LOCK_EX)
            text = f"{mine is one} {i}".encode().ljust(20)
            os.pwrite(mine.fileno(), text, 0)
            fcntl.lockf(mine, fcntl.LOCK_UN)
            fcntl.lockf(theirs, fcntl.LOCK_SH)
            assert os.pread(theirs.fileno(), 100, 0) == text
            assert os.fstat(theirs.fileno()).st_size == 20
            fcntl.lockf(theirs, fcntl.LOCK_UN)


def test_counters_by_processes_of_both_mounts(files):
    """Every addition under a lock counts."""
    one, two = files
    one.truncate(0)
    os.pwrite(one.fileno(), b"0", 0)
    os.fsync(one.fileno())
    code = """if True:
        import fcntl, os, sys
        fd = os.open(sys.argv[1], os.O_RDWR)
        for i in range(25):
            fcntl.lockf(fd, fcntl.LOCK_EX)
            n = int(os.pread(fd, 100, 0))
            os.pwrite(fd, str(n + 1).encode(), 0)
            fcntl.lockf(fd, fcntl.LOCK_UN)
        """
    running = [subprocess.Popen([sys.executable, "-c", code, f.name]) for f in (one, two, one, two)]
    assert [p.wait() for p in running] == [0] * 4
    with open(one.name, encoding="ascii") as f:
        assert f.read() == "100"


def test_sqlite_from_both_mounts(pair):
    names = [m.path / "shared.db" for m in pair.mounts]
    with contextlib.closing(sqlite3.connect(names[0], timeout=120)) as db:
        db.execute("CREATE TABLE t (who, n)")
        db.commit()

    def insert(who):
        with contextlib.closing(sqlite3.connect(names[who], timeout=120)) as mine:
            for n in range(20):
                with mine:
                    mine.execute("BEGIN IMMEDIATE")
                    mine.execute("INSERT INTO t VALUES (?, ?)", (who, n))

    threads = [threading.Thread(target=insert, args=(who,)) for who in (0, 1)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for name in names:
        with contextlib.closing(sqlite3.connect(name, timeout=120)) as db:
            assert sorted(db.execute("SELECT who, n FROM t")) == [(who, n) for who in (0, 1) for n in range(20)]
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_umount_gives_back(pair, tmp_path):
    path = pair.mounts[0].path / "umounted"
    path.write_bytes(b"")
    third = pair.mount(pair.tmp / "three")
    p = holder(third.path / "umounted", "flock")
    with open(path, "r+b") as mine:
        refused(fcntl.flock, mine, fcntl.LOCK_EX | fcntl.LOCK_NB)
        subprocess.run(["umount", "-l", third.path], check=True)
        p.kill()
        p.wait()
        assert third.wait() == 0
        fcntl.flock(mine, fcntl.LOCK_EX | fcntl.LOCK_NB)
    p.communicate()


def test_a_killed_mount_loses_its_locks(pair):
    path = pair.mounts[0].path / "killed"
    path.write_bytes(b"")
    third = pair.mount(pair.tmp / "four")
    p = holder(third.path / "killed", "flock")
    third.kill()
    with open(path, "r+b") as mine:
        fcntl.flock(mine, fcntl.LOCK_EX)  # after its lease
    p.kill()
    p.communicate()


def test_locks_outlive_dist(cdn):
    one, two = cdn.mount(cdn.tmp / "one"), cdn.mount(cdn.tmp / "two")
    (one.path / "f").write_bytes(b"")
    with open(one.path / "f", "r+b") as mine, open(two.path / "f", "r+b") as other:
        fcntl.flock(mine, fcntl.LOCK_EX)
        cdn.kill("dist")
        cdn.start("dist")
        refused(fcntl.flock, other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.flock(mine, fcntl.LOCK_UN)
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_local_locks_do_not_cross(pair):
    third = pair.mount(pair.tmp / "five", "locks=local")
    path = pair.mounts[0].path / "local"
    path.write_bytes(b"")
    with open(path, "r+b") as mine, open(third.path / "local", "r+b") as other, open(third.path / "local", "r+b") as more:
        fcntl.flock(mine, fcntl.LOCK_EX)
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        refused(fcntl.flock, more, fcntl.LOCK_EX | fcntl.LOCK_NB)
