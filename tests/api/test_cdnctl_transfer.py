"""cdnctl's transfers: exit status, files that appear whole or not at all, bars on terminals."""
import http.server
import json
import os
import re
import secrets
import signal
import subprocess
import threading

import pytest

from cluster import BIN, etag_of, http as request
from harness import PATIENCE, clean_env
from terminal import cdnctl, on_terminal

MIB = 1 << 20


@pytest.fixture
def large(tmp_path):
    path = tmp_path / f"large{secrets.token_hex(4)}.bin"
    path.write_bytes(secrets.token_bytes(12 * MIB))
    return path


class Fake:
    """dist and node in one: content 1 is `data`; cut: after so many bytes nothing comes any more."""

    def __init__(self, data, etag=None, cut=None):
        self.began, self.go = threading.Event(), threading.Event()
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                if self.path.startswith("/node/"):
                    body, kind = data, "application/octet-stream"
                elif self.path.startswith("/content/"):
                    body, kind = json.dumps({"id": 1, "filename": "one"}).encode(), "application/json"
                else:
                    body, kind = json.dumps({"uri": f"{fake.url}/node"}).encode(), "application/json"
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                if etag:
                    self.send_header("ETag", f'"{etag}"')
                self.end_headers()
                if kind != "application/json" and cut is not None:
                    self.wfile.write(body[:cut])
                    self.wfile.flush()
                    fake.began.set()
                    fake.go.wait(3 * PATIENCE)
                    return
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.go.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def fake():
    made = []

    def make(*args, **kw):
        made.append(Fake(*args, **kw))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_get_that_is_ended_leaves_nothing(fake, tmp_path, sig):
    server = fake(b"x" * MIB, cut=1000)
    (tmp_path / "one").write_text("old")
    p = subprocess.Popen([BIN / "cdnctl", f"--url={server.url}", "get", "1", tmp_path / "one"], env=clean_env())
    assert server.began.wait(PATIENCE)
    p.send_signal(sig)
    assert p.wait(PATIENCE) == -sig
    assert os.listdir(tmp_path) == ["one"]
    assert (tmp_path / "one").read_text() == "old"


def test_a_get_that_is_cut_off_leaves_nothing(fake, tmp_path):
    server = fake(b"x" * MIB, cut=1000)
    server.go.set()
    r = cdnctl(server.url, "get", "1", tmp_path / "one")
    assert r.returncode == 4, r.stderr
    assert os.listdir(tmp_path) == []


def test_damaged_bytes_are_refused(fake, tmp_path):
    server = fake(b"what was stored", etag=etag_of(b"what was sent"))
    (tmp_path / "one").write_text("old")
    r = cdnctl(server.url, "get", "1", tmp_path / "one")
    assert (r.returncode, b"check-sum" in r.stderr) == (1, True), r.stderr
    assert (tmp_path / "one").read_text() == "old"
    assert os.listdir(tmp_path) == ["one"]


def test_get_into_a_folder(fake, tmp_path):
    server = fake(b"bytes")
    assert cdnctl(server.url, "get", "1", tmp_path).returncode == 0
    assert (tmp_path / "one").read_bytes() == b"bytes"


def test_get_keeps_the_mode_of_what_it_replaces(fake, tmp_path):
    server = fake(b"bytes")
    (tmp_path / "mine").write_text("old")
    (tmp_path / "mine").chmod(0o600)
    assert cdnctl(server.url, "get", "1", tmp_path / "mine").returncode == 0
    assert (tmp_path / "mine").read_bytes() == b"bytes"
    assert (tmp_path / "mine").stat().st_mode & 0o777 == 0o600


def test_no_room_is_status_5(new_cdn, large):
    small = new_cdn(nodes=1, max_storage="1M")
    r = cdnctl(small.url, "put", large)
    assert r.returncode == 5, r.stderr


def test_no_room_here_is_status_5(fake):
    server = fake(b"bytes")
    r = cdnctl(server.url, "get", "1", "/dev/full")
    assert r.returncode == 5, r.stderr


def test_no_token_and_what_is_in_the_way_are_status_6(new_cdn, tmp_path):
    closed = new_cdn(nodes=1, env={"CDN_TOKEN": "secret"})
    (tmp_path / "file").write_text("text")
    for env in ({}, {"CDN_TOKEN": "wrong"}):
        r = cdnctl(closed.url, "put", tmp_path / "file", env=env)
        assert (r.returncode, b"token" in r.stderr) == (6, True), r.stderr
    right = {"CDN_TOKEN": "secret"}
    assert request("POST", closed.url + "/fs", headers={"Authorization": "Bearer secret"}, json={
        "ops": [{"op": "mkdir", "dir": 1, "name": "d", "mode": 0o755, "uid": 0, "gid": 0}]}).status_code == 200
    assert cdnctl(closed.url, "put", tmp_path / "file", "d/", env=right).returncode == 0
    r = cdnctl(closed.url, "rm", "d", env=right)
    assert r.returncode == 6, r.stderr


def test_a_node_that_is_away_is_status_4(new_cdn, tmp_path):
    cdn = new_cdn(nodes=1)
    (tmp_path / "file").write_text("text")
    assert cdnctl(cdn.url, "put", tmp_path / "file").returncode == 0
    cdn.kill("node1")
    assert cdnctl(cdn.url, "get", "file", tmp_path / "back").returncode == 4
    cdn.wait_down("node1")
    assert cdnctl(cdn.url, "put", tmp_path / "file", "again").returncode == 4


@pytest.mark.parametrize("option", ["--token-file", "--ca-file"])
def test_an_options_file_that_is_missing_is_wrong_usage(cdn, tmp_path, option):
    r = cdnctl(cdn.url, f"{option}={tmp_path}/missing", "stats")
    assert (r.returncode, b"missing" in r.stderr) == (2, True), r.stderr


def test_help_tells_the_statuses():
    out = subprocess.run([BIN / "cdnctl", "--help"], capture_output=True, text=True, check=True).stdout
    assert [int(n) for n in re.findall(r"^  (\d)  \w", out, re.M)] == list(range(7))


BAR = re.compile(r"\[[#-]+\] +(\d+)% +\d+\.\d MB +\d+\.\d [kMG]B/s  ")


def test_long_transfers_show_a_bar_on_a_terminal(cdn, large, tmp_path):
    rc, out, seen = on_terminal([f"--url={cdn.url}", "--json", "put", large])
    assert rc == 0, seen
    cid = json.loads(out)["id"]  # stdout has the answer alone
    for args in (["put", large, "again"], ["update", cid, large], ["get", cid, tmp_path / "back"]):
        rc, out, seen = on_terminal([f"--url={cdn.url}", *args])
        assert rc == 0, seen
        shown = BAR.findall(seen)
        assert shown[-1] == "100", seen
        assert [int(n) for n in shown] == sorted(int(n) for n in shown)
        assert seen.endswith("\n") and "\r" not in out
        assert max(len(re.sub(r"\x1b\[K", "", line)) for line in re.split(r"[\r\n]+", seen)) < 100
    assert (tmp_path / "back").read_bytes() == large.read_bytes()


def test_a_narrow_terminal_is_not_overrun(cdn, large):
    rc, _, seen = on_terminal([f"--url={cdn.url}", "put", large], columns=24)
    assert rc == 0 and "\r" in seen
    assert max(len(re.sub(r"\x1b\[K", "", line)) for line in re.split(r"[\r\n]+", seen)) < 24


def test_no_bar_without_a_terminal(cdn, large, tmp_path):
    put = cdnctl(cdn.url, "--json", "put", large)
    get = cdnctl(cdn.url, "get", large.name, tmp_path / "back")
    assert (put.returncode, put.stderr, get.returncode, get.stderr) == (0, b"", 0, b"")


def test_no_bar_among_bytes_that_are_shown(cdn, tmp_path):
    (tmp_path / "zeros").write_bytes(b"0" * (10 * MIB))
    name = secrets.token_hex(4)
    assert cdnctl(cdn.url, "put", tmp_path / "zeros", name).returncode == 0
    rc, _, seen = on_terminal([f"--url={cdn.url}", "get", name, "-"], everything=True)
    assert (rc, seen) == (0, "0" * (10 * MIB))


def test_a_bar_that_failed_is_wiped_away(fake, tmp_path):
    server = fake(b"x" * (16 * MIB), cut=9 * MIB)
    server.go.set()
    rc, _, seen = on_terminal([f"--url={server.url}", "get", "1", tmp_path / "one"])
    assert rc == 4
    assert re.search(r"\r\x1b\[Kcdnctl: [^\r]*\r\n$", seen), seen


@pytest.mark.parametrize("command", ["stats", "nodes", "ls", "put", "update", "get", "locate", "rm"])
def test_json_everywhere(cdn, tmp_path, command):
    name = secrets.token_hex(6)
    (tmp_path / name).write_text("text")
    cid = json.loads(cdnctl(cdn.url, "--json", "put", tmp_path / name).stdout)["id"]
    args = {"put": [tmp_path / name, name + "2"], "update": [cid, tmp_path / name], "get": [cid, tmp_path / "b"],
            "locate": [cid], "rm": [cid]}.get(command, [])
    r = cdnctl(cdn.url, "--json", command, *args)
    assert r.returncode == 0, r.stderr
    assert all(isinstance(json.loads(line), dict) for line in r.stdout.splitlines()) and r.stdout
