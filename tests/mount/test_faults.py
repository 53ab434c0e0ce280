"""Servers that are away, slow, full or killed: what the mount's users see of it."""
import errno
import os
import re
import resource
import signal
import subprocess
import threading
import time

import pytest

from harness import PATIENCE, Cdn, unmount, wait_for

AWAY = (errno.EIO, errno.ETIMEDOUT)
NODES = ("node1", "node2", "node3")
BOUND = 22  # seconds: timeout=2, and what a busy machine adds; the default timeout is 30


@pytest.fixture
def mount(cdn):
    """A mount that waits two seconds for a server."""
    return cdn.mount(cdn.tmp / "mnt", "timeout=2")


def again(cdn, mount):
    """Unmounted and mounted again: nothing is cached."""
    mount.umount()
    return cdn.mount(mount.path)


def timed(call):
    """(OSError or None, seconds) of call()."""
    start = time.monotonic()
    try:
        call()
        error = None
    except OSError as e:
        error = e
    return error, time.monotonic() - start


class Later(threading.Thread):
    """call() in a thread; join() raises what it raised."""

    def __init__(self, call):
        super().__init__(daemon=True)
        self.call, self.error = call, None
        self.start()

    def run(self):
        try:
            self.call()
        except Exception as e:  # pylint: disable=broad-except
            self.error = e

    def result(self):
        self.join(PATIENCE)
        assert not self.is_alive(), "still waiting"
        if self.error:
            raise self.error


def written(path, data=b"bytes"):
    """An open file with bytes that are not stored."""
    fd = os.open(path, os.O_CREAT | os.O_WRONLY, 0o644)
    os.write(fd, data)
    return fd


@pytest.mark.parametrize("call", ["close", "fsync"])
def test_nodes_away_are_an_error_in_bounded_time(cdn, mount, call):
    fd = written(mount.path / "f")
    for name in NODES:
        cdn.kill(name)
    error, seconds = timed(lambda: getattr(os, call)(fd))
    if call == "fsync":
        assert timed(lambda: os.close(fd))[0].errno in AWAY
    for name in NODES:
        cdn.start(name)
    assert error is not None and error.errno in AWAY
    assert seconds < BOUND


def test_nodes_that_stand_still_are_an_error_in_bounded_time(cdn, mount):
    fd = written(mount.path / "f")
    for name in NODES:
        cdn.kill(name, signal.SIGSTOP)
    error, seconds = timed(lambda: os.close(fd))
    for name in NODES:
        cdn.kill(name, signal.SIGCONT)
    assert error is not None and error.errno in AWAY
    assert seconds < BOUND


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "stopped"])
def test_dist_away_is_an_error_in_bounded_time(cdn, mount, how):
    cdn.kill("dist", how)
    error, seconds = timed(lambda: os.mkdir(mount.path / "d"))
    if how == signal.SIGSTOP:
        cdn.kill("dist", signal.SIGCONT)
    else:
        cdn.start("dist")
    assert error is not None and error.errno in AWAY
    assert seconds < BOUND


def test_one_line_in_the_log_tells_what_to_do(cdn, mount):
    cdn.kill("dist")
    for i in range(2):
        assert timed(lambda i=i: os.mkdir(mount.path / f"{i}"))[0].errno in AWAY
    found = [line for line in mount.log.read_text().splitlines() if " error " in line or " warn " in line]
    assert len(found) == 1 and cdn.url in found[0]


def test_everything_works_again_when_dist_is_back(cdn, mount):
    cdn.kill("dist")
    assert timed(lambda: os.mkdir(mount.path / "d"))[0].errno in AWAY
    cdn.start("dist")
    (mount.path / "f").write_text("works")
    assert (mount.path / "f").read_text() == "works"


@pytest.fixture
def patient(cdn):
    """A mount that waits for long."""
    return cdn.mount(cdn.tmp / "mnt", f"timeout={2 * PATIENCE}")


def asked(mount, operations):
    """How often the mount was asked for one of these: "open read"."""
    counters = mount.counters()
    return sum(counters[name] for name in operations.split())


def began(mount, operations, count):
    """Until the mount has been asked so often for one of these operations."""
    wait_for(operations, lambda: asked(mount, operations) >= count)


def outlasts(cdn, servers, mount, operation, work):
    """work, whose first operation is `operation`, begins while the servers are away and is done once they are back."""
    for server in servers:
        cdn.kill(server)
    before = asked(mount, operation)
    later = Later(work)
    began(mount, operation, before + 1)
    for server in servers:
        cdn.start(server)
    later.result()


def test_mkdir_waits_for_dist(cdn, patient):
    # the name, or first the root's attributes, when the mount knows already that it is not told of changes
    outlasts(cdn, ["dist"], patient, "lookup getattr", lambda: os.mkdir(patient.path / "d"))
    assert (patient.path / "d").is_dir()


def test_close_waits_for_dist(cdn, patient):
    fd = written(patient.path / "f")
    outlasts(cdn, ["dist"], patient, "flush", lambda: os.close(fd))
    assert (again(cdn, patient).path / "f").read_bytes() == b"bytes"


def test_close_waits_for_the_only_node(tmp_path):
    cdn = Cdn(tmp_path / "cdn", nodes=1)
    try:
        mount = cdn.mount(cdn.tmp / "mnt", f"timeout={2 * PATIENCE}")
        fd = written(mount.path / "f")
        outlasts(cdn, ["node1"], mount, "flush", lambda: os.close(fd))
        assert (again(cdn, mount).path / "f").read_bytes() == b"bytes"
    finally:
        cdn.close()


def test_read_waits_for_its_node(cdn, patient):
    (patient.path / "f").write_bytes(b"bytes")
    mount = again(cdn, patient)
    got = []
    outlasts(cdn, NODES, mount, "read", lambda: got.append((mount.path / "f").read_bytes()))
    assert got == [b"bytes"]


def test_waiting_operation_can_be_killed(cdn, patient):
    cdn.kill("dist")
    before = asked(patient, "lookup getattr")
    tool = subprocess.Popen(["mkdir", patient.path / "d"])
    began(patient, "lookup getattr", before + 1)
    tool.kill()
    status = tool.wait(BOUND)
    cdn.start("dist")
    assert status == -signal.SIGKILL


def test_other_nodes_take_new_files_when_one_is_killed(cdn, mount):
    cdn.kill("node2")
    for i in range(12):
        (mount.path / f"{i}").write_text(f"{i}")
    fresh = again(cdn, mount)
    assert [(fresh.path / f"{i}").read_text() for i in range(12)] == [str(i) for i in range(12)]


def test_node_killed_while_a_file_is_open_for_writing(cdn, mount):
    fds = [written(mount.path / f"{i}", b"%d" % i) for i in range(6)]
    cdn.kill("node1")
    for fd in fds:
        os.close(fd)
    fresh = again(cdn, mount)
    assert [(fresh.path / f"{i}").read_text() for i in range(6)] == [str(i) for i in range(6)]


def test_file_is_edited_while_its_node_is_back_after_a_kill(cdn, mount):
    for i in range(6):
        (mount.path / f"{i}").write_bytes(b"first")
    for name in NODES:
        cdn.kill(name)
        cdn.start(name)
    cdn.wait_status(*NODES)
    for i in range(6):
        with open(mount.path / f"{i}", "r+b") as f:
            f.write(b"F")
    fresh = again(cdn, mount)
    assert {(fresh.path / f"{i}").read_bytes() for i in range(6)} == {b"First"}


def test_fsynced_files_outlive_kill_9_of_everything(cdn, mount):
    for i in range(10):
        fd = written(mount.path / f"{i}", b"%d" % i * 1000)
        os.fsync(fd)
        os.close(fd)
    for name in cdn.names:
        cdn.kill(name)
    mount.kill()
    mount.close()
    for name in cdn.names:
        cdn.start(name)
    cdn.wait_status(*NODES)
    fresh = cdn.mount(cdn.tmp / "mnt")
    assert [(fresh.path / f"{i}").read_bytes() for i in range(10)] == [b"%d" % i * 1000 for i in range(10)]


@pytest.fixture
def small(tmp_path):
    """Three nodes of 4 MB each, and a mount."""
    one = Cdn(tmp_path / "cdn", max_storage="4M")
    try:
        one.mount(one.tmp / "mnt", "timeout=2")
        yield one
    finally:
        one.close()


def fill(folder):
    """Files of 1 MB until there is no room; the OSError, and how many there are."""
    for i in range(20):
        error, _ = timed(lambda i=i: (folder / f"{i}").write_bytes(os.urandom(1_000_000)))
        if error:
            return error, i
    return None, 20


def test_full_cdn_is_enospc(small):
    error, count = fill(small.mounts[0].path)
    (small.mounts[0].path / f"{count}").unlink()
    assert error is not None and error.errno == errno.ENOSPC
    assert 9 <= count <= 12


def test_files_stored_before_it_was_full_are_whole(small):
    path = small.mounts[0].path
    _, count = fill(path)
    (path / f"{count}").unlink()
    fresh = again(small, small.mounts[0])
    assert [(fresh.path / f"{i}").stat().st_size for i in range(count)] == [1_000_000] * count


def test_room_is_usable_again_after_rm(small):
    path = small.mounts[0].path
    _, count = fill(path)
    for i in range(count + 1):
        (path / f"{i}").unlink()

    def room():
        stat = os.statvfs(path)
        return stat.f_bavail * stat.f_frsize >= 11_000_000
    wait_for("room", room)  # the nodes learn by and by what they may drop
    error, second = fill(path)
    (path / f"{second}").unlink()
    assert error.errno == errno.ENOSPC and second == count


def test_a_file_that_fits_on_no_node_is_enospc(small):
    path = small.mounts[0].path / "f"
    error, _ = timed(lambda: path.write_bytes(bytes(5_000_000)))
    path.unlink()
    assert error is not None and error.errno == errno.ENOSPC


def test_a_full_node_that_dist_takes_for_empty_is_enospc_at_once(tmp_path):
    cdn = Cdn(tmp_path / "cdn", nodes=1, max_storage="100M")
    try:
        mount = cdn.mount(cdn.tmp / "mnt", "timeout=60")
        node = cdn.processes["node1"].popen.pid
        resource.prlimit(node, resource.RLIMIT_FSIZE, (500_000, resource.RLIM_INFINITY))
        error, _ = timed(lambda: (mount.path / "f").write_bytes(bytes(1_000_000)))
        assert error is not None and error.errno == errno.ENOSPC
        asked = [line for line in cdn.log("dist").splitlines() if re.search("method=GET .* path=/update/", line)]
        assert len(asked) < 5, "\n".join(asked)
        resource.prlimit(node, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        (mount.path / "f").write_bytes(bytes(1_000_000))
    finally:
        cdn.close()


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_signal_stores_what_is_staged(cdn, mount, sig):
    fd = written(mount.path / "f", b"not closed")
    mount.popen.send_signal(sig)
    status = mount.wait()
    timed(lambda: os.close(fd))  # the mount has gone
    assert status == 0
    assert (cdn.mount(cdn.tmp / "mnt").path / "f").read_bytes() == b"not closed"


def test_umount_stores_what_close_could_not(cdn, mount):
    fd = written(mount.path / "f")
    for name in NODES:
        cdn.kill(name)
    assert timed(lambda: os.close(fd))[0].errno in AWAY
    for name in NODES:
        cdn.start(name)
    cdn.wait_status(*NODES)
    assert (again(cdn, mount).path / "f").read_bytes() == b"bytes"


def test_umount_that_loses_bytes_says_so(cdn, mount):
    fd = written(mount.path / "f")
    for name in NODES:
        cdn.kill(name)
    assert timed(lambda: os.close(fd))[0].errno in AWAY
    unmount(mount.path)
    status = mount.wait()
    mount.killed = True  # its status is judged here
    for name in NODES:
        cdn.start(name)
    assert status == 1
    assert "could not be stored" in mount.log.read_text()


def test_umount_of_a_busy_mount_is_refused_and_harmless(cdn, mount):
    fd = written(mount.path / "f")
    refused = subprocess.run(["umount", mount.path], check=False, stderr=subprocess.DEVNULL).returncode
    os.close(fd)
    assert refused != 0
    assert (again(cdn, mount).path / "f").read_bytes() == b"bytes"


def test_killed_mount_leaves_what_was_closed(cdn, mount):
    (mount.path / "f").write_bytes(b"closed")
    mount.kill()
    mount.close()
    assert (cdn.mount(mount.path).path / "f").read_bytes() == b"closed"


def test_a_staging_folder_that_was_removed_is_made_anew(cdn, mount):
    staging = cdn.tmp / "mnt.staging"
    staging.rmdir()
    (mount.path / "a").write_bytes(b"staged in a new one")
    assert staging.is_dir()
    assert again(cdn, mount).path.joinpath("a").read_bytes() == b"staged in a new one"
    log = mount.log.read_text()
    assert log.count("the folder for staging was removed: it is made anew") == 1 and str(staging) in log


def test_one_that_cannot_be_made_anew_is_eio_and_one_line(cdn, mount):
    staging = cdn.tmp / "mnt.staging"
    staging.rmdir()
    staging.write_text("in its place")
    for name in "ab":
        fd = os.open(mount.path / name, os.O_CREAT | os.O_WRONLY)
        with pytest.raises(OSError) as caught:
            os.write(fd, b"x")
        assert caught.value.errno == errno.EIO
        os.close(fd)
    log = mount.log.read_text()
    assert log.count("the folder for staging was removed and cannot be made anew") == 1 and str(staging) in log
    staging.unlink()
    (mount.path / "a").write_bytes(b"now it can")
    assert (mount.path / "a").read_bytes() == b"now it can"
