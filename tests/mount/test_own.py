"""The mount's own directory: .cdnfs in its root, not listed, read-only, with its counters for Prometheus."""
import errno
import json
import os
import re
import sqlite3
import stat
import subprocess
import threading
import urllib.request

import pytest

from harness import Cdn, wait_for


@pytest.fixture(scope="module")
def root(mounted_cdn):
    return mounted_cdn.mounts[0].path


def figures(root):
    found = {}
    for line in (root / ".cdnfs/metrics").read_text().splitlines():
        if not line.startswith("#"):
            m = re.fullmatch(r"([a-z_]+(?:\{[^}]*\})?) ([0-9.]+)", line)
            assert m and m[1] not in found, line
            found[m[1]] = float(m[2])
    return found


def test_cat_reads_it_and_promtool_has_nothing_to_say(root):
    (root / "f").write_bytes(b"x" * 10)
    (root / "f").read_bytes()
    with pytest.raises(FileNotFoundError):
        (root / "nowhere").stat()
    text = subprocess.run(["cat", root / ".cdnfs/metrics"], check=True, capture_output=True).stdout
    assert text.startswith(b"# HELP ") and text.endswith(b"\n")
    r = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False)
    assert (r.returncode, r.stdout, r.stderr) == (0, b"", b"")


def test_it_is_in_no_listing(root):
    (root / "seen").touch()
    assert ".cdnfs" not in os.listdir(root) and "seen" in os.listdir(root)
    out = subprocess.run(["ls", "-lA", root], check=True, capture_output=True, text=True).stdout
    assert ".cdnfs" not in out
    out = subprocess.run(["find", root, "-name", "*cdnfs*"], check=True, capture_output=True, text=True).stdout
    assert out == ""


def test_its_own_listing(root):
    assert os.listdir(root / ".cdnfs") == ["metrics"]
    out = subprocess.run(["ls", "-la", root / ".cdnfs"], check=True, capture_output=True, text=True).stdout.splitlines()
    assert [line.split()[-1] for line in out[1:]] == [".", "..", "metrics"]
    with os.scandir(root / ".cdnfs") as entries:
        [one] = entries
        assert one.is_file() and one.inode() == (root / ".cdnfs/metrics").stat().st_ino


def test_attributes(root):
    d, f = (root / ".cdnfs").stat(), (root / ".cdnfs/metrics").stat()
    assert stat.S_ISDIR(d.st_mode) and stat.S_IMODE(d.st_mode) == 0o555 and d.st_nlink == 2
    assert stat.S_ISREG(f.st_mode) and stat.S_IMODE(f.st_mode) == 0o444 and f.st_nlink == 1
    assert d.st_uid == f.st_uid == os.geteuid()
    assert len({d.st_ino, f.st_ino, root.stat().st_ino}) == 3


def test_reads_are_of_one_moment_at_any_offset(root):
    fd = os.open(root / ".cdnfs/metrics", os.O_RDONLY)
    whole = os.pread(fd, 1 << 20, 0)
    (root / "more").touch()
    assert b"".join(os.pread(fd, 100, i) for i in range(0, len(whole) + 100, 100)) == whole
    assert os.pread(fd, 10, 1 << 30) == b""
    os.close(fd)


# what is tried, and how it fails for root, whom no permission bits stop
REFUSED = {
    "create in it": (lambda r: os.open(r / ".cdnfs/x", os.O_CREAT | os.O_WRONLY), errno.EPERM),
    "create over it": (lambda r: os.open(r / ".cdnfs", os.O_CREAT | os.O_EXCL | os.O_WRONLY), errno.EEXIST),
    "write to the directory": (lambda r: os.open(r / ".cdnfs", os.O_WRONLY), errno.EISDIR),
    "write": (lambda r: os.open(r / ".cdnfs/metrics", os.O_WRONLY), errno.EACCES),
    "append": (lambda r: os.open(r / ".cdnfs/metrics", os.O_RDWR | os.O_APPEND), errno.EACCES),
    "truncate by open": (lambda r: os.open(r / ".cdnfs/metrics", os.O_WRONLY | os.O_TRUNC), errno.EACCES),
    "truncate": (lambda r: os.truncate(r / ".cdnfs/metrics", 0), errno.EPERM),
    "mkdir": (lambda r: os.mkdir(r / ".cdnfs"), errno.EEXIST),
    "mkdir in it": (lambda r: os.mkdir(r / ".cdnfs/d"), errno.EPERM),
    "mknod": (lambda r: os.mkfifo(r / ".cdnfs/p"), errno.EPERM),
    "symlink": (lambda r: os.symlink("x", r / ".cdnfs/l"), errno.EPERM),
    "link into it": (lambda r: os.link(r / "plain", r / ".cdnfs/l"), errno.EPERM),
    "link of it": (lambda r: os.link(r / ".cdnfs/metrics", r / "l"), errno.EPERM),
    "unlink": (lambda r: os.unlink(r / ".cdnfs/metrics"), errno.EPERM),
    "rmdir": (lambda r: os.rmdir(r / ".cdnfs"), errno.EPERM),
    "rename": (lambda r: os.rename(r / ".cdnfs", r / "other"), errno.EPERM),
    "rename of the file": (lambda r: os.rename(r / ".cdnfs/metrics", r / "other"), errno.EPERM),
    "rename into it": (lambda r: os.rename(r / "plain", r / ".cdnfs/plain"), errno.EPERM),
    "rename over it": (lambda r: os.rename(r / "folder", r / ".cdnfs"), errno.EPERM),
    "rename over the file": (lambda r: os.rename(r / "plain", r / ".cdnfs/metrics"), errno.EPERM),
    "chmod": (lambda r: os.chmod(r / ".cdnfs", 0o777), errno.EPERM),
    "chown": (lambda r: os.chown(r / ".cdnfs/metrics", 1, 1), errno.EPERM),
    "utime": (lambda r: os.utime(r / ".cdnfs/metrics", (1, 1)), errno.EPERM),
    "another name": (lambda r: os.stat(r / ".cdnfs/nothing"), errno.ENOENT),
}


@pytest.mark.parametrize("what", REFUSED)
def test_nothing_can_be_changed(root, what):
    (root / "plain").touch()
    (root / "folder").mkdir(exist_ok=True)
    attempt, want = REFUSED[what]
    with pytest.raises(OSError) as e:
        attempt(root)
    assert e.value.errno == want, e.value
    assert sorted(os.listdir(root / ".cdnfs")) == ["metrics"]
    assert (root / "plain").exists() and (root / "folder").exists()


def test_the_name_is_free_in_other_folders(mnt):
    (mnt / ".cdnfs").mkdir()
    (mnt / ".cdnfs/metrics").write_text("mine")
    assert (mnt / ".cdnfs/metrics").read_text() == "mine"
    assert os.listdir(mnt) == [".cdnfs"]


def test_what_is_counted(tmp_path):
    c = Cdn(tmp_path / "cdn", nodes=1)
    try:
        m = c.mount(tmp_path / "mnt")
        before = figures(m.path)
        assert before['cdn_build_info{program="cdnfs",version="0.1.0"}'] == 1
        (m.path / "f").write_bytes(b"x" * 300_000)
        with pytest.raises(FileNotFoundError):
            (m.path / "nowhere").stat()
        after = figures(m.path)
        assert after["cdn_mount_written_bytes_total"] == after["cdn_mount_stored_bytes_total"] == 300_000
        assert after["cdn_mount_staged_bytes"] == after["cdn_mount_unstored_files"] == 0
        assert after['cdn_mount_operations_total{operation="create"}'] == 1
        assert after['cdn_mount_errors_total{errno="ENOENT"}'] >= 1
        assert after['cdn_mount_requests_total{server="node"}'] == 1
        with open(m.path / "g", "wb", buffering=0) as f:
            f.write(b"y" * 5000)
            now = figures(m.path)
            assert (now["cdn_mount_staged_bytes"], now["cdn_mount_unstored_files"]) == (5000, 1)
        m.umount()
        again = c.mount(tmp_path / "again")
        assert (again.path / "f").read_bytes() == b"x" * 300_000
        now = figures(again.path)
        assert now["cdn_mount_read_bytes_total"] == now["cdn_mount_fetched_bytes_total"] == 300_000
        assert now["cdn_mount_cache_hits_total"] + now["cdn_mount_cache_misses_total"] >= 3
        assert now["cdn_mount_cache_misses_total"] >= 1 and now["cdn_mount_cache_bytes"] >= 300_000
        assert now['cdn_mount_retries_total{server="dist"}'] == 0
        c.stop("dist")
        reading = threading.Thread(target=lambda: os.path.exists(again.path / "waits"))
        reading.start()
        wait_for("a retry", lambda: figures(again.path)['cdn_mount_retries_total{server="dist"}'] >= 2)
        c.start("dist")
        reading.join()
    finally:
        c.close()


def test_it_answers_while_every_server_is_away(tmp_path):
    """The root's own attributes are dist's; past them, nobody is asked."""
    c = Cdn(tmp_path / "cdn", nodes=1)
    try:
        m = c.mount(tmp_path / "mnt", "timeout=1")
        folder = os.open(m.path / ".cdnfs", os.O_RDONLY | os.O_DIRECTORY)
        c.stop("node1")
        c.stop("dist")
        with open(os.open("metrics", os.O_RDONLY, dir_fd=folder), encoding="ascii") as f:
            assert "cdn_uptime_seconds" in f.read()
        assert os.listdir(folder) == ["metrics"]
        os.close(folder)
    finally:
        c.close()


def test_a_read_only_mount_has_it_too(tmp_path):
    c = Cdn(tmp_path / "cdn", nodes=1)
    try:
        m = c.mount(tmp_path / "mnt", "ro")
        assert figures(m.path)["cdn_uptime_seconds"] > 0
        with pytest.raises(OSError) as e:
            os.open(m.path / ".cdnfs/metrics", os.O_WRONLY)
        assert e.value.errno in (errno.EROFS, errno.EACCES)
    finally:
        c.close()


def test_who_it_belongs_to_follows_the_options(tmp_path):
    c = Cdn(tmp_path / "cdn", nodes=1)
    try:
        m = c.mount(tmp_path / "mnt", "uid=1234", "gid=4321", "umask=0077")
        st = (m.path / ".cdnfs/metrics").stat()
        assert (st.st_uid, st.st_gid, stat.S_IMODE(st.st_mode)) == (1234, 4321, 0o400)
    finally:
        c.close()


def test_an_entry_of_that_name_from_before_is_hidden_and_can_be_renamed(tmp_path):
    c = Cdn(tmp_path / "cdn", nodes=1)
    try:
        m = c.mount(tmp_path / "mnt")
        (m.path / "before").write_bytes(b"old")
        m.umount()
        c.stop("dist")
        with sqlite3.connect(c.tmp / "cdn.db") as db:
            assert db.execute("UPDATE dentry SET name = CAST('.cdnfs' AS BLOB) WHERE name = CAST('before' AS BLOB)").rowcount == 1
        db.close()
        c.start("dist")
        again = c.mount(tmp_path / "again")
        (again.path / "z").touch()
        assert os.listdir(again.path) == ["z"]
        assert figures(again.path)
        with urllib.request.urlopen(c.url + "/files/.cdnfs", timeout=20) as answer:
            assert answer.read() == b"old"
        move = {"op": "rename", "dir": 1, "name": ".cdnfs", "todir": 1, "toname": "after", "flags": ""}
        body = json.dumps({"ops": [move]}).encode()
        with urllib.request.urlopen(urllib.request.Request(c.url + "/fs", body, {"Content-Type": "application/json"}),
                                    timeout=20) as answer:
            assert json.load(answer)["results"] == [{}]
        assert (again.path / "after").read_bytes() == b"old"
    finally:
        c.close()


def test_unmounting_while_it_is_open(tmp_path):
    c = Cdn(tmp_path / "cdn", nodes=1)
    try:
        m = c.mount(tmp_path / "mnt")
        with open(m.path / ".cdnfs/metrics", "rb") as f:
            f.read(10)
            m.popen.terminate()
            assert m.wait() == 0
    finally:
        c.close()
