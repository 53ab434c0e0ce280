"""What dist and node tell the service manager."""
import signal
import socket

import pytest

from cluster import wait_for


def received(s, into):
    while True:
        try:
            into.append(s.recv(4096).decode())
        except BlockingIOError:
            return into


@pytest.mark.parametrize("who", ["dist", "node1"])
def test_ready_watched_and_stopping(new_cdn, tmp_path, who):
    said = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(str(tmp_path / "notify"))
        s.setblocking(False)
        c = new_cdn(nodes=1)
        c.stop(who)
        c.env = {**c.env, "NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "100000"}
        c.start(who)
        wait_for("signs of life", lambda: received(s, said).count("WATCHDOG=1") >= 3)
        assert said[0] == "READY=1" and "STOPPING=1" not in said
        c.stop(who)
        received(s, said)
    assert said.count("READY=1") == 1 and said[-1] == "STOPPING=1"


@pytest.mark.parametrize("who", ["dist", "node1"])
def test_not_ready_before_it_serves(new_cdn, tmp_path, who):
    """A program that cannot start says neither."""
    said = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(str(tmp_path / "notify"))
        s.setblocking(False)
        c = new_cdn(nodes=1)
        other = "node1" if who == "dist" else "dist"
        c.stop(who)
        c.args[who] = [a if not str(a).startswith("--listen=") else f"--listen=127.0.0.1:{c.ports[other]}" for a in c.args[who]]
        c.env = {**c.env, "NOTIFY_SOCKET": str(tmp_path / "notify")}
        c.launch(who)
        assert c.processes[who].wait() != 0
        assert received(s, said) == []
        c.processes[who].killed = True  # its exit status is judged above


def test_a_manager_that_is_away_stops_nothing(new_cdn, tmp_path):
    c = new_cdn(nodes=1)
    c.stop("node1")
    c.env = {**c.env, "NOTIFY_SOCKET": str(tmp_path / "nobody"), "WATCHDOG_USEC": "50000"}
    c.start("node1")
    wait_for("the warning", lambda: "the service manager was not told" in c.log("node1"))
    c.kill("node1", signal.SIGTERM)
    assert c.processes["node1"].wait() == 0
    assert c.log("node1").count("the service manager was not told") == 1
