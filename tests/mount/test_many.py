"""Many files in one folder, many processes, and how many requests it all takes."""
import os
import pathlib
import subprocess
import sys

import pytest

from harness import Cdn

COUNT = 10_000


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    """A mount with 10 000 empty files in one folder."""
    cdn = Cdn(tmp_path_factory.mktemp("many"), max_storage="2G")
    try:
        mount = cdn.mount(cdn.tmp / "mnt")
        (mount.path / "crowd").mkdir()
        for i in range(COUNT):
            os.mknod(mount.path / "crowd" / f"{i:05d}", 0o100644)
        mount.umount()  # so that nothing is cached
        yield cdn
    finally:
        cdn.close()


@pytest.fixture
def mount(crowd):
    """A fresh mount of it."""
    one = crowd.mount(crowd.tmp / "mnt")
    one.path.stat()  # answered once it has asked what it asks for itself
    yield one
    one.umount()


def lines(*args):
    return subprocess.run(args, check=True, text=True, stdout=subprocess.PIPE).stdout.splitlines()


def test_every_name_is_listed_once(mount):
    assert sorted(os.listdir(mount.path / "crowd")) == [f"{i:05d}" for i in range(COUNT)]


def test_ls_l_tells_all(mount):
    assert len(lines("ls", "-l", str(mount.path / "crowd"))) == COUNT + 1


def test_ls_l_costs_three_requests_at_most(mount):
    before = mount.requests()
    lines("ls", "-l", str(mount.path / "crowd"))
    assert mount.requests() - before <= 3


def test_find_by_attributes_costs_three_requests_at_most(mount):
    before = mount.requests()
    assert len(lines("find", str(mount.path / "crowd"), "-type", "f", "-size", "0")) == COUNT
    assert mount.requests() - before <= 3


def test_listing_goes_on_while_files_come_and_go(mount):
    folder = mount.path / "crowd"
    seen = []
    with os.scandir(folder) as entries:
        for n, entry in enumerate(entries):
            seen.append(entry.name)
            if n == 100:
                (folder / "new").touch()
                (folder / "new").unlink()
    assert set(seen) - {"new"} == {f"{i:05d}" for i in range(COUNT)}
    assert len(seen) == len(set(seen))


def test_directory_stream_can_be_read_again(mount):
    fd = os.open(mount.path / "crowd", os.O_RDONLY)
    try:
        first = os.listdir(fd)
        assert os.listdir(fd) == first and len(first) == COUNT
    finally:
        os.close(fd)


def test_rm_r_of_all(crowd, mount):
    folder = mount.path / "gone"
    folder.mkdir()
    for i in range(1000):
        os.mknod(folder / f"{i}", 0o100644)
    subprocess.run(["rm", "-r", folder], check=True)
    assert sorted(os.listdir(mount.path)) == ["crowd"]


WORKER = """
import os, sys
folder, me = sys.argv[1:]
for i in range(150):
    name = f"{folder}/{me}-{i}"
    with open(name, "w") as f:
        f.write(name)
    os.rename(name, name + ".done")
    with open(name + ".done") as f:
        assert f.read() == name
    if i % 3 == 0:
        os.unlink(name + ".done")
"""


def test_four_processes_in_one_folder(mnt):
    workers = [subprocess.Popen([sys.executable, "-c", WORKER, str(mnt), str(n)]) for n in range(4)]
    assert [w.wait() for w in workers] == [0] * 4
    want = {f"{n}-{i}.done" for n in range(4) for i in range(150) if i % 3}
    assert set(os.listdir(mnt)) == want
    assert all((mnt / name).read_text() == str(mnt / name)[:-5] for name in want)


def test_four_processes_make_one_name_one_wins(mnt):
    code = ("import os, sys\n"
            "won = 0\n"
            "for i in range(50):\n"
            "    try: os.close(os.open(f'{sys.argv[1]}/{i}', os.O_CREAT | os.O_EXCL)); won += 1\n"
            "    except FileExistsError: pass\n"
            "print(won)")
    workers = [subprocess.Popen([sys.executable, "-c", code, str(mnt)], stdout=subprocess.PIPE)
               for _ in range(4)]
    assert sum(int(w.communicate()[0]) for w in workers) == 50


def test_four_cp_at_once(mnt, tmp_path):
    for i in range(50):
        (tmp_path / f"{i}").write_bytes(os.urandom(i * 1000))
    copies = [subprocess.Popen(["cp", "-r", tmp_path, mnt / str(n)]) for n in range(4)]
    assert [c.wait() for c in copies] == [0] * 4
    for n in range(4):
        assert lines("diff", "-r", str(tmp_path), str(mnt / str(n))) == []


@pytest.fixture
def counted(mnt, mounted_cdn):
    """requests(CALL): how many requests CALL() took."""
    def requests(call):
        before = mounted_cdn.mounts[0].requests()
        call()
        return mounted_cdn.mounts[0].requests() - before
    return requests


def make(path):
    """As cp and tar make a file that they know is new."""
    fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
    os.write(fd, b"some bytes")
    os.close(fd)


def test_create_write_close_costs_a_lookup_and_two(mnt, counted):
    many = [mnt / f"{i}" for i in range(50)]
    assert counted(lambda: [make(p) for p in many]) <= 3 * 50 + 3


def test_counters_tell_which_server_was_asked(mnt, mounted_cdn):
    before = mounted_cdn.mounts[0].counters()
    make(mnt / "f")
    after = mounted_cdn.mounts[0].counters()
    assert after["requests_node"] - before["requests_node"] == 1
    assert after["requests_dist"] - before["requests_dist"] <= 2


def test_stat_of_a_cached_name_costs_nothing(mnt, counted):
    make(mnt / "f")
    (mnt / "f").stat()
    assert counted(lambda: [(mnt / "f").stat() for _ in range(10)]) == 0


def test_read_of_a_small_file_costs_two_at_most(mnt, counted):
    make(mnt / "f")
    assert counted((mnt / "f").read_bytes) <= 2


@pytest.mark.parametrize("call", [
    lambda p: p.mkdir(), lambda p: os.symlink("x", p), lambda p: os.mknod(p, 0o100644)],
    ids=["mkdir", "symlink", "mknod"])
def test_making_an_entry_costs_a_lookup_and_one(mnt, counted, call):
    assert counted(lambda: call(mnt / "new")) <= 2


def test_unlink_after_ls_costs_one_each(mnt, counted):
    for i in range(20):
        os.mknod(mnt / f"{i}", 0o100644)
    names = [pathlib.Path(e.path) for e in os.scandir(mnt)]
    assert counted(lambda: [n.unlink() for n in names]) <= 20 + 2
