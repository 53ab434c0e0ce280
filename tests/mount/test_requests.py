"""How many requests operations cost a mount while dist tells it of the changes of others: what is remembered costs none."""
import ctypes
import os
import subprocess
import time

import pytest

from harness import Cdn, wait_for

KERNEL_FORGETS = 1.5  # seconds: the kernel believes names for one


@pytest.fixture(scope="module")
def cdn(tmp_path_factory):
    one = Cdn(tmp_path_factory.mktemp("cdn"), max_storage="4G")
    yield one
    one.close()


@pytest.fixture
def mount(cdn, request):
    one = cdn.mount(cdn.tmp / request.node.name)
    wait_for("events", lambda: one.counters()["events_up"])
    yield one
    one.umount()


@pytest.fixture
def tree(mount, request):
    """A folder of its own, made before by another mount that is gone."""
    folder = mount.path / f"of-{request.node.name}"
    folder.mkdir()
    return folder


def set_mtime(file, ns):
    """The mtime alone, as tar sets it; Python's utime() sets both times."""
    libc = ctypes.CDLL(None, use_errno=True)
    omit, fd = (1 << 30) - 2, os.open(file, os.O_RDONLY) if not isinstance(file, int) else file
    times = (ctypes.c_long * 4)(0, omit, ns // 10**9, ns % 10**9)
    assert libc.futimens(fd, times) == 0, os.strerror(ctypes.get_errno())
    if fd != file:
        os.close(fd)


class Cost:
    """with Cost(mount) as c: …; c.dist and c.node are what it took."""

    def __init__(self, mount):
        self.mount = mount

    def __enter__(self):
        self.before = self.mount.counters()
        return self

    def __exit__(self, *_):
        after = self.mount.counters()
        self.dist = after["requests_dist"] - self.before["requests_dist"]
        self.node = after["requests_node"] - self.before["requests_node"]

    def is_nothing(self):
        return (self.dist, self.node) == (0, 0)


def test_a_stat_again_costs_nothing(mount, tree):
    (tree / "f").write_text("x")
    os.stat(tree / "f")
    with Cost(mount) as c:
        for _ in range(100):
            os.stat(tree / "f")
        time.sleep(KERNEL_FORGETS)
        os.stat(tree / "f")
    assert c.is_nothing()


def test_a_miss_again_costs_nothing(mount, tree):
    os.path.exists(tree / "none")
    with Cost(mount) as c:
        for _ in range(100):
            assert not os.path.exists(tree / "none")
        time.sleep(KERNEL_FORGETS)
        assert not os.path.exists(tree / "none")
    assert c.is_nothing()


def test_a_miss_in_a_listed_folder_costs_nothing(cdn, mount, tree):
    (tree / "f").touch()
    fresh = cdn.mount(cdn.tmp / "fresh")
    wait_for("events", lambda: fresh.counters()["events_up"])
    folder = fresh.path / tree.name
    assert os.listdir(folder) == ["f"]
    with Cost(fresh) as c:
        assert not any(os.path.exists(folder / f"none{i}") for i in range(100))
    fresh.umount()
    assert c.is_nothing()


def test_an_open_again_costs_nothing(mount, tree):
    (tree / "f").write_text("bytes")
    assert (tree / "f").read_text() == "bytes"
    with Cost(mount) as c:
        for _ in range(50):
            os.close(os.open(tree / "f", os.O_RDONLY))
        time.sleep(KERNEL_FORGETS)
        assert (tree / "f").read_text() == "bytes"
    assert c.is_nothing()


def test_a_listed_file_costs_nothing_to_stat(cdn, mount, tree):
    for i in range(100):
        (tree / f"{i}").touch()
    fresh = cdn.mount(cdn.tmp / "fresh")
    wait_for("events", lambda: fresh.counters()["events_up"])
    folder = fresh.path / tree.name
    assert len(list(os.scandir(folder))) == 100
    with Cost(fresh) as c:
        time.sleep(KERNEL_FORGETS)
        for i in range(100):
            os.stat(folder / f"{i}")
    fresh.umount()
    assert c.is_nothing()

def test_extended_attributes_that_are_not_there_cost_nothing(mount, tree):
    files = [tree / f"{i}" for i in range(20)]
    for path in files:
        path.touch()
    with Cost(mount) as c:
        time.sleep(KERNEL_FORGETS)
        for path in files:
            assert os.listxattr(path) == []
            with pytest.raises(OSError):
                os.getxattr(path, "system.posix_acl_access")
            with pytest.raises(OSError):
                os.getxattr(path, "user.none")
    assert c.is_nothing()


def test_a_listed_small_file_costs_one_to_read(cdn, mount, tree):
    for i in range(50):
        (tree / f"{i}").write_text(f"{i}")
    fresh = cdn.mount(cdn.tmp / "fresh")
    wait_for("events", lambda: fresh.counters()["events_up"])
    folder = fresh.path / tree.name
    assert len(list(os.scandir(folder))) == 50
    with Cost(fresh) as c:
        got = [(folder / f"{i}").read_text() for i in range(50)]
    fresh.umount()
    assert got == [f"{i}" for i in range(50)]
    assert (c.dist, c.node) == (0, 50)


@pytest.fixture
def walked(cdn, tree):
    """A fresh mount, and by it the folder with 400 small files."""
    for i in range(400):
        (tree / f"{i:03d}").write_text(f"file {i}")
    fresh = cdn.mount(cdn.tmp / f"{tree.name}.fresh")
    wait_for("events", lambda: fresh.counters()["events_up"])
    yield fresh, fresh.path / tree.name
    fresh.umount()


def test_names_looked_up_in_order_are_asked_for_ahead(walked):
    mount, folder = walked
    with Cost(mount) as c:
        for i in range(400):
            assert os.stat(folder / f"{i:03d}").st_size == len(f"file {i}")
    assert c.dist <= 10


def test_files_read_in_order_are_fetched_once(walked):
    mount, folder = walked
    with Cost(mount) as c:
        for i in range(400):
            assert (folder / f"{i:03d}").read_text() == f"file {i}"
    assert c.dist <= 10 and c.node == 400


def test_files_of_a_listing_are_fetched_once(walked):
    mount, folder = walked
    with Cost(mount) as c:
        assert sum(len((folder / name).read_bytes()) for name in os.listdir(folder)) == \
            sum(len(f"file {i}") for i in range(400))
    assert c.dist <= 4 and c.node == 400


def test_names_that_are_not_there_cost_little_in_a_small_folder(cdn, mount, tree):
    for i in range(20):
        (tree / f"{i}").touch()
    fresh = cdn.mount(cdn.tmp / "small.fresh")
    wait_for("events", lambda: fresh.counters()["events_up"])
    with Cost(fresh) as c:
        assert not any(os.path.exists(fresh.path / tree.name / f"none{i}") for i in range(100))
    fresh.umount()
    assert c.dist <= 5


def test_a_walk_sees_what_another_mount_changed_meanwhile(mount, tree, walked):
    other, folder = walked
    for i in range(100):
        assert (folder / f"{i:03d}").read_text() == f"file {i}"
    (tree / "100").write_text("changed")
    (tree / "101").unlink()
    (tree / "101a").write_text("new")
    os.rename(tree / "102", tree / "103")
    (tree / "104").chmod(0o600)
    assert (folder / "100").read_text() == "changed"
    assert not (folder / "101").exists() and not (folder / "102").exists()
    assert (folder / "101a").read_text() == "new"
    assert (folder / "103").read_text() == "file 102"
    assert (folder / "104").stat().st_mode & 0o777 == 0o600
    assert (folder / "105").read_text() == "file 105"
    (folder / "200").write_text("ours")
    (folder / "201").unlink()
    assert (folder / "200").read_text() == "ours" and not (folder / "201").exists()


def test_what_is_so_already_costs_nothing_before_close(cdn, mount, tree):
    """As tar leaves a file: its time, its owner and its mode are set before it is closed."""
    path, past = tree / "f", 1_000_000_007 * 10**9 + 5
    fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
    os.write(fd, b"some bytes")
    with Cost(mount) as c:
        before = os.fstat(fd)
        set_mtime(fd, past)
        os.fchown(fd, before.st_uid, before.st_gid)
        os.fchmod(fd, 0o644)
        now = os.fstat(fd)
    assert c.is_nothing()
    assert now.st_mtime_ns == past and now.st_ctime_ns > before.st_ctime_ns
    with Cost(mount) as c:
        os.close(fd)
    assert (c.dist, c.node) == (0, 1)
    other = cdn.mount(cdn.tmp / "other")
    for seen in (path.stat(), (other.path / tree.name / "f").stat()):
        assert seen.st_mtime_ns == past and seen.st_ctime_ns > before.st_ctime_ns
    other.umount()


def test_what_is_otherwise_is_told_at_once(cdn, mount, tree):
    path, past = tree / "f", 1_000_000_007 * 10**9 + 5
    other = cdn.mount(cdn.tmp / "other")
    fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    os.write(fd, b"some bytes")
    os.fchmod(fd, 0o644)
    os.fchown(fd, 1, 2)
    seen = (other.path / tree.name / "f").stat()
    assert (seen.st_mode & 0o777, seen.st_uid, seen.st_gid) == (0o644, 1, 2)
    set_mtime(fd, past)
    os.write(fd, b"more")  # later than the time that was set
    os.close(fd)
    assert path.stat().st_mtime_ns > past
    set_mtime(path, past)
    assert (other.path / tree.name / "f").stat().st_mtime_ns == past
    other.umount()


def test_a_new_small_file_costs_one_and_one(mount, tree):
    with Cost(mount) as c:
        for i in range(20):
            (tree / f"{i}").write_text("x")
    assert (c.dist, c.node) == (20, 20)


def test_a_write_asks_for_capabilities_once(mount, tree):
    """As long as the file's attributes are the same, not at each write."""
    before = mount.counters()
    with open(tree / "f", "wb", buffering=0) as file:
        for _ in range(20):
            file.write(b"x")
    after = mount.counters()
    assert after["write"] - before["write"] == 20
    assert after["getxattr"] - before["getxattr"] <= 1


def test_a_new_empty_file_costs_one(mount, tree):
    with Cost(mount) as c:
        for i in range(20):
            os.close(os.open(tree / f"{i}", os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    assert (c.dist, c.node) == (20, 0)


def test_a_new_folder_and_its_stat_cost_one(mount, tree):
    with Cost(mount) as c:
        for i in range(20):
            (tree / f"{i}").mkdir()
            os.stat(tree / f"{i}")
            os.stat(tree)
    assert (c.dist, c.node) == (20, 0)


def test_a_removal_costs_one(mount, tree):
    for i in range(20):
        (tree / f"{i}").touch()
    with Cost(mount) as c:
        for i in range(20):
            (tree / f"{i}").unlink()
            assert not os.path.exists(tree / f"{i}")
    assert (c.dist, c.node) == (20, 0)


def test_a_rename_costs_one_and_makes_nothing_else_cost(mount, tree):
    for i in range(20):
        (tree / f"{i}").touch()
        os.stat(tree / f"{i}")
    with Cost(mount) as c:
        (tree / "0").rename(tree / "new")
        os.stat(tree / "new")
        for i in range(1, 20):
            os.stat(tree / f"{i}")
        assert not os.path.exists(tree / "0")
    assert (c.dist, c.node) == (1, 0)


def test_ls_lR_costs_three_a_folder_at_most(cdn, mount, tree):
    """10 000 entries in 100 folders."""
    script = "import os, sys\n" \
             "for d in range(100):\n" \
             "    os.mkdir(f'{sys.argv[1]}/{d}')\n" \
             "    for f in range(99): os.mknod(f'{sys.argv[1]}/{d}/{f}', 0o100644)\n"
    subprocess.run(["/usr/bin/python3", "-c", script, tree], check=True)
    fresh = cdn.mount(cdn.tmp / "fresh")
    wait_for("events", lambda: fresh.counters()["events_up"])
    with Cost(fresh) as c:
        done = subprocess.run(["ls", "-lR", fresh.path / tree.name], check=True, stdout=subprocess.PIPE)
    fresh.umount()
    assert done.stdout.count(b"\n-rw") == 9900
    assert c.dist <= 3 * 101 and c.node == 0


def test_git_status_again_costs_nothing_for_files(mount, tree):
    """A clean tree of 3000 files in 30 folders."""
    script = "import os, sys\n" \
             "for d in range(30):\n" \
             "    os.mkdir(f'{sys.argv[1]}/{d}')\n" \
             "    for f in range(100): open(f'{sys.argv[1]}/{d}/{f}', 'w').write(f'{d} {f}')\n"
    subprocess.run(["/usr/bin/python3", "-c", script, tree], check=True)
    git = ["git", "-C", tree, "-c", "user.name=x", "-c", "user.email=x@x", "-c", "gc.auto=0"]
    for args in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"], ["status", "--short"]):
        subprocess.run([*git, *args], check=True)
    with Cost(mount) as c:
        done = subprocess.run([*git, "status", "--short"], check=True, stdout=subprocess.PIPE)
    assert done.stdout == b""
    assert c.dist < 100  # folders are listed, and git's own files written; not one for each file


def test_what_another_changed_costs_what_it_takes(cdn, mount, tree):
    """Only what was changed is asked for again."""
    for i in range(20):
        (tree / f"{i}").write_text("x")
    fresh = cdn.mount(cdn.tmp / "fresh")
    wait_for("events", lambda: fresh.counters()["events_up"])
    folder = fresh.path / tree.name
    for i in range(20):
        (folder / f"{i}").read_text()
    (tree / "7").chmod(0o600)
    with Cost(fresh) as c:
        for i in range(20):
            os.stat(folder / f"{i}")
    fresh.umount()
    assert (c.dist, c.node) == (1, 0)
