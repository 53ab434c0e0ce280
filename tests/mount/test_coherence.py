"""Two mounts and REST see one file system: what docs/consistency.md promises, line by line. Nothing here waits for a change
to be seen: it has to be, once it is answered."""
import contextlib
import errno
import json
import os
import secrets
import stat
import subprocess
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

from cluster import Proxy
from harness import PATIENCE, Cdn, wait_for


@pytest.fixture(scope="module")
def cdn(tmp_path_factory):
    one = Cdn(tmp_path_factory.mktemp("cdn"), max_storage="4G")
    yield one
    one.close()


@pytest.fixture(scope="module")
def mounts(cdn):
    two = [cdn.mount(cdn.tmp / name) for name in ("a", "b")]
    for m in two:
        listens(m)
    return two


def listens(mount):
    wait_for("events", lambda: mount.counters()["events_up"])


@pytest.fixture
def both(mounts, request):
    """The same new folder by both mounts."""
    name = f"t{secrets.token_hex(6)}"
    (mounts[0].path / name).mkdir()
    return mounts[0].path / name, mounts[1].path / name


def absent(path):
    with pytest.raises(FileNotFoundError):
        os.stat(path)


def rest(method, url, data=None):
    request = urllib.request.Request(url, data=data, method=method)
    with urllib.request.urlopen(request, timeout=2 * PATIENCE) as answer:
        return json.load(answer)


def upload(cdn, path, data):
    """PUT files/PATH, as a person with curl -L -T does."""
    done = subprocess.run(["curl", "-sS", "--fail-with-body", "-L", "-T", "-", f"{cdn.url}/files/{path}"], input=data,
                          check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)["id"]


def below(mounts, path):
    """The path within the CDN."""
    return str(path.relative_to(mounts[0].path))


# what another mount did is seen at once

def test_a_new_file_is_there(both):
    a, b = both
    absent(b / "f")
    (a / "f").write_text("x")
    assert (b / "f").read_text() == "x"


def test_a_new_folder_is_there(both):
    a, b = both
    absent(b / "d")
    (a / "d").mkdir()
    assert stat.S_ISDIR((b / "d").stat().st_mode)


def test_a_removed_file_is_gone(both):
    a, b = both
    (a / "f").write_text("x")
    assert (b / "f").read_text() == "x"
    (a / "f").unlink()
    absent(b / "f")


def test_a_removed_folder_is_gone(both):
    a, b = both
    (a / "d").mkdir()
    (b / "d").stat()
    (a / "d").rmdir()
    absent(b / "d")


def test_a_renamed_file_has_its_new_name_only(both):
    a, b = both
    (a / "f").write_text("x")
    assert (b / "f").read_text() == "x"
    absent(b / "g")
    (a / "f").rename(a / "g")
    assert (b / "g").read_text() == "x"
    absent(b / "f")


def test_a_renamed_folder_takes_all_along(both):
    a, b = both
    (a / "d").mkdir()
    (a / "d" / "f").write_text("x")
    assert (b / "d" / "f").read_text() == "x"
    (a / "d").rename(a / "e")
    assert (b / "e" / "f").read_text() == "x"
    absent(b / "d" / "f")


def test_a_name_that_was_replaced_means_the_other_file(both):
    a, b = both
    (a / "f").write_text("old")
    assert (b / "f").read_text() == "old"
    (a / "new").write_text("new")
    (a / "new").rename(a / "f")
    assert (b / "f").read_text() == "new"
    assert (b / "f").stat().st_ino == (a / "f").stat().st_ino


def test_names_that_were_exchanged(both):
    a, b = both
    for name in "fg":
        (a / name).write_text(name)
        assert (b / name).read_text() == name
    subprocess.run(["/usr/bin/python3", "-c", "import ctypes, sys; c = ctypes.CDLL(None, use_errno=True);"
                    "sys.exit(c.renameat2(-100, sys.argv[1].encode(), -100, sys.argv[2].encode(), 2))",
                    a / "f", a / "g"], check=True)
    assert [(b / name).read_text() for name in "fg"] == ["g", "f"]


def test_a_listing_shows_what_came_and_went(both):
    a, b = both
    for i in range(50):
        (a / f"{i}").touch()
    assert sorted(os.listdir(b), key=int) == [str(i) for i in range(50)]
    (a / "7").unlink()
    (a / "50").touch()
    assert sorted(os.listdir(b), key=int) == [str(i) for i in range(51) if i != 7]


def test_changed_attributes_are_seen(both):
    a, b = both
    (a / "f").touch()
    (b / "f").stat()
    (a / "f").chmod(0o640)
    assert stat.S_IMODE((b / "f").stat().st_mode) == 0o640
    os.utime(a / "f", (1, 2))
    assert ((b / "f").stat().st_atime, (b / "f").stat().st_mtime) == (1, 2)
    os.chown(a / "f", 5, 6)
    assert ((b / "f").stat().st_uid, (b / "f").stat().st_gid) == (5, 6)
    os.truncate(a / "f", 1000)
    assert (b / "f").stat().st_size == 1000
    os.link(a / "f", a / "g")
    assert (b / "f").stat().st_nlink == 2


def test_a_folders_own_attributes_are_seen(both):
    a, b = both
    before = b.stat()
    (a / "d").mkdir()
    after = b.stat()
    assert after.st_nlink == before.st_nlink + 1
    assert after.st_mtime_ns > before.st_mtime_ns


def test_many_turns_of_two_mounts(both):
    """Each sees at once what the other did."""
    for i in range(200):
        one, other = both if i % 2 else both[::-1]
        if i % 3 == 2:
            (one / "f").unlink()
            absent(other / "f")
        else:
            (one / "f").write_text(f"{i}")
            assert (other / "f").read_text() == f"{i}"


# close-to-open

def test_open_behind_close_reads_the_new_bytes(both):
    a, b = both
    for i in range(30):
        (a / "f").write_bytes(b"%d" % i * (i + 1) * 1000)
        assert (b / "f").read_bytes() == b"%d" % i * (i + 1) * 1000
        assert (b / "f").stat().st_size == len(b"%d" % i) * (i + 1) * 1000


def test_who_reads_goes_on_when_the_file_is_replaced(both):
    a, b = both
    old = os.urandom(3_000_000)
    (a / "f").write_bytes(old)
    with open(b / "f", "rb", buffering=0) as f:
        first = f.read(1000)
        (a / "new").write_bytes(b"new")
        (a / "new").rename(a / "f")
        assert (b / "f").read_bytes() == b"new"
        assert first + f.read() == old


def test_who_reads_goes_on_when_the_file_is_unlinked(both):
    a, b = both
    old = os.urandom(3_000_000)
    (a / "f").write_bytes(old)
    with open(b / "f", "rb", buffering=0) as f:
        first = f.read(1000)
        (a / "f").unlink()
        absent(b / "f")
        assert first + f.read() == old


# REST is the third

def test_an_upload_is_there(cdn, mounts, both):
    for side in both:
        absent(side / "f")
    upload(cdn, below(mounts, both[0] / "f"), b"rest")
    assert [(side / "f").read_text() for side in both] == ["rest", "rest"]


def test_an_update_is_seen(cdn, mounts, both):
    path = below(mounts, both[0] / "f")
    cid = upload(cdn, path, b"old")
    assert [(side / "f").read_text() for side in both] == ["old", "old"]
    assert upload(cdn, path, b"newer") == cid
    assert [(side / "f").read_text() for side in both] == ["newer", "newer"]


@pytest.mark.parametrize("how", ["files", "content"])
def test_a_deletion_is_seen(cdn, mounts, both, how):
    path = below(mounts, both[0] / "f")
    cid = upload(cdn, path, b"x")
    assert [(side / "f").read_text() for side in both] == ["x", "x"]
    rest("DELETE", f"{cdn.url}/{how}/{path if how == 'files' else cid}")
    for side in both:
        absent(side / "f")
        assert os.listdir(side) == []


def test_rest_sees_what_a_mount_wrote(cdn, mounts, both):
    (both[0] / "f").write_text("mount")
    done = subprocess.run(["curl", "-sSfL", f"{cdn.url}/files/{below(mounts, both[0] / 'f')}"], check=True,
                          stdout=subprocess.PIPE)
    assert done.stdout == b"mount"


# races have one winner

def race(both, do, rounds=30):
    """do(folder, round) by both mounts at once: how many times it worked, each round."""
    with ThreadPoolExecutor(2) as pool:
        for i in range(rounds):
            start = threading.Barrier(2)

            def one(folder, i=i, start=start):
                start.wait()
                try:
                    do(folder, i)
                    return True
                except (FileExistsError, FileNotFoundError):
                    return False
            yield i, list(pool.map(one, both))


def test_exclusive_creation_has_one_winner(both):
    def do(folder, i):
        os.close(os.open(folder / f"{i}", os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    for i, won in race(both, do):
        assert sorted(won) == [False, True], i
        assert all((side / f"{i}").exists() for side in both)


def test_mkdir_has_one_winner(both):
    for i, won in race(both, lambda folder, i: (folder / f"{i}").mkdir()):
        assert sorted(won) == [False, True], i
        assert all((side / f"{i}").is_dir() for side in both)


def test_link_has_one_winner(both):
    (both[0] / "file").touch()
    for i, won in race(both, lambda folder, i: os.link(folder / "file", folder / f"{i}")):
        assert sorted(won) == [False, True], i
        assert all((side / "file").stat().st_nlink == i + 2 for side in both)


def test_rename_has_one_winner(both):
    for i in range(30):
        (both[0] / f"from{i}").touch()
    names = dict(zip(both, "ab"))
    for i, won in race(both, lambda folder, i: (folder / f"from{i}").rename(folder / f"to{i}{names[folder]}")):
        assert sorted(won) == [False, True], i
        for side in both:
            absent(side / f"from{i}")
            assert [(side / f"to{i}{name}").exists() for name in "ab"] == won


def test_a_lock_file_keeps_others_out(both):
    """Each mount adds to a number in a file, under a file that only one can make."""
    (both[0] / "n").write_text("0")

    def count(folder):
        for _ in range(25):
            while True:
                try:
                    os.close(os.open(folder / "lock", os.O_CREAT | os.O_EXCL))
                    break
                except FileExistsError:
                    time.sleep(0.001)
            (folder / "n").write_text(str(int((folder / "n").read_text()) + 1))
            (folder / "lock").unlink()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(count, both))
    assert [(side / "n").read_text() for side in both] == ["50", "50"]


def test_both_change_one_folder_all_the_time(both):
    """Neither waits for the other for good, and both see the same in the end."""
    def work(side, mine):
        for i in range(100):
            (side / f"{mine}{i}").touch()
            (side / f"{mine}{i}").rename(side / f"{mine}-{i}")
            absent(side / f"{mine}{i}")
            if i % 2:
                (side / f"{mine}-{i}").unlink()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, both, "ab"))
    want = sorted(f"{m}-{i}" for m in "ab" for i in range(0, 100, 2))
    assert [sorted(os.listdir(side)) for side in both] == [want, want]


# an operation that fails tells no lies afterwards

def test_a_name_that_could_not_be_made_is_what_it_is(both):
    a, b = both
    (a / "f").touch()
    with pytest.raises(FileExistsError):
        os.mkdir(b / "f")
    assert stat.S_ISREG((b / "f").stat().st_mode)
    with pytest.raises(OSError) as e:
        os.rmdir(b / "f")
    assert e.value.errno == errno.ENOTDIR
    assert (b / "f").exists()


# trouble

def test_a_mount_that_stands_still_holds_others_up_until_its_lease_ends(cdn, mounts):
    third = cdn.mount(cdn.tmp / "third")
    listens(third)
    name = secrets.token_hex(6)
    os.kill(third.pid, 19)  # SIGSTOP
    try:
        (mounts[0].path / name).touch()  # ends
    finally:
        os.kill(third.pid, 18)  # SIGCONT
    assert (third.path / name).exists()
    third.umount()


def test_a_mount_that_is_killed_holds_others_up_until_its_lease_ends(cdn, mounts):
    third = cdn.mount(cdn.tmp / "killed")
    listens(third)
    third.kill()
    (mounts[0].path / secrets.token_hex(6)).touch()  # ends


def test_a_mount_that_is_unmounted_holds_nobody_up(cdn, mounts):
    third = cdn.mount(cdn.tmp / "unmounted")
    listens(third)
    third.umount()
    name = "cdn_leases_expired_total"
    before = figure(cdn, name)
    (mounts[0].path / secrets.token_hex(6)).touch()
    assert figure(cdn, name) == before


def figure(cdn, name):
    with urllib.request.urlopen(f"{cdn.url}/metrics") as answer:
        for line in answer.read().decode().splitlines():
            if line.startswith(name + " "):
                return int(line.split()[1])
    raise AssertionError(name)


@pytest.fixture
def own(tmp_path):
    """A CDN whose dist may be ended."""
    one = Cdn(tmp_path / "cdn", nodes=1)
    yield one
    one.close()


def remember(folder):
    """All that can be remembered of it."""
    for name in os.listdir(folder):
        (folder / name).read_text()
    absent(folder / "none")


@pytest.mark.parametrize("how", ["kill", "stop"])
def test_dist_ends_and_is_started_again(own, how):
    """Nothing that was remembered before is believed. attr_timeout=0: nor by the kernel, which cannot be told meanwhile."""
    a, b = (own.mount(own.tmp / name, "attr_timeout=0") for name in "ab")
    (a.path / "d").mkdir()
    for name in "fgh":
        (a.path / "d" / name).write_text("old")
    for m in (a, b):
        listens(m)
    for i in range(3):
        remember(b.path / "d")
        getattr(own, how)("dist")
        own.start("dist")
        (a.path / "d" / "f").write_text(f"new {i}")
        assert (b.path / "d" / "f").read_text() == f"new {i}"
        (a.path / "d" / "g").rename(a.path / "d" / "none")
        assert (b.path / "d" / "none").read_text() == "old"
        absent(b.path / "d" / "g")
        (a.path / "d" / "none").rename(a.path / "d" / "g")
        for m in (a, b):
            listens(m)


def test_the_channel_breaks_and_comes_back(own):
    """What was changed meanwhile is seen, also when it is back."""
    broken = threading.Event()
    proxy = Proxy(own.ports["dist"], lambda request: "refuse" if broken.is_set() and b"/fs/events" in request else None)
    try:
        a = own.mount(own.tmp / "a")
        b = own.mount(own.tmp / "b", "attr_timeout=0", url=proxy.url)
        (a.path / "d").mkdir()
        for name in "fgh":
            (a.path / "d" / name).write_text("old")
        listens(b)
        for i in range(2):
            remember(b.path / "d")
            broken.set()
            (a.path / "d" / "f").write_text(f"new {i}")  # when the lease of b has ended
            assert (b.path / "d" / "f").read_text() == f"new {i}"
            (a.path / "d" / "g").unlink()
            absent(b.path / "d" / "g")
            (a.path / "d" / "g").write_text("again")
            (a.path / "d" / "h").chmod(0o600 + i)
            wait_for("the end of events", lambda: not b.counters()["events_up"])
            broken.clear()
            listens(b)
            assert stat.S_IMODE((b.path / "d" / "h").stat().st_mode) == 0o600 + i
            assert (b.path / "d" / "g").read_text() == "again"
            (a.path / "d" / "f").write_text("x")
            assert (b.path / "d" / "f").read_text() == "x"
        b.umount()
    finally:
        proxy.close()


def test_without_events_changes_are_seen_within_attr_timeout(own):
    """A dist that does not tell: the mount asks, as often as it was told to."""
    proxy = Proxy(own.ports["dist"], lambda request: "refuse" if b"/fs/events" in request else None)
    try:
        a = own.mount(own.tmp / "a")
        b = own.mount(own.tmp / "b", "attr_timeout=1", url=proxy.url)
        (a.path / "f").write_text("old")
        assert (b.path / "f").read_text() == "old"
        (a.path / "f").unlink()
        wait_for("what was removed is gone", lambda: not (b.path / "f").exists())
        assert not b.counters()["events_up"]
        b.umount()
    finally:
        proxy.close()


def test_a_program_stays_in_its_folder(tmp_path):
    """Whatever the kernel is made to forget when dist comes back, and when another mount changes names."""
    with contextlib.closing(Cdn(tmp_path / "cdn")) as cdn:
        a, b = (cdn.mount(cdn.tmp / name) for name in "ab")
        listens(a)
        listens(b)
        (a.path / "folder" / "in").mkdir(parents=True)
        script = """while read -r line; do /usr/bin/python3 -c 'import os; print(os.getcwd())'; done"""
        with subprocess.Popen(["bash", "-c", script], cwd=a.path / "folder" / "in", text=True, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as inside:
            def where():
                inside.stdin.write("?\n")
                inside.stdin.flush()
                return inside.stdout.readline().rstrip("\n")

            for turn in range(3):
                assert where() == str(a.path / "folder" / "in")
                os.stat(a.path / "folder" / "in")
                cdn.restart("dist")
                listens(a)
                listens(b)
                assert where() == str(a.path / "folder" / "in")
                os.stat(a.path / "folder" / "in")
                (b.path / "folder" / f"beside{turn}").mkdir()
                os.rename(b.path / "folder", b.path / f"renamed{turn}")
                os.rename(b.path / f"renamed{turn}", b.path / "folder")
                assert where() == str(a.path / "folder" / "in")
            inside.stdin.close()
