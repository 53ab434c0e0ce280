"""cdnctl watch: the feed of changes for people."""
import json
import re
import signal
import subprocess

import pytest

from cluster import BIN, http


class Watch:
    def __init__(self, cdn, *flags):
        self.p = subprocess.Popen([BIN / "cdnctl", f"--url={cdn.url}", *flags, "watch"], text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def line(self):
        return self.p.stdout.readline().rstrip("\n")

    def end(self, sig=signal.SIGINT):
        self.p.send_signal(sig)
        rest, error = self.p.communicate()
        assert (self.p.returncode, error) == (0, "")
        return rest


@pytest.fixture
def one(new_cdn):
    return new_cdn(nodes=1)


def make(cdn, where, name, op="create", mode=0o100644):
    return cdn.fs({"op": op, "dir": where, "name": name, "mode": mode, "uid": 0, "gid": 0})[0]["attr"]["id"]


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM])
def test_lines_tell_paths(one, sig):
    folder = make(one, 1, "folder", "mkdir", 0o755)
    w = Watch(one)
    assert w.line() == f"listening to {one.url}"
    make(one, folder, "new file")
    lines = {w.line(), w.line()}
    assert any(re.fullmatch(r"\d\d:\d\d:\d\d  /folder/new file", line) for line in lines), lines
    w.end(sig)


def test_nobody_waits_for_one_that_has_ended(one):
    def listeners():
        return int(re.search(r"(?m)^cdn_listeners (\d+)", http("GET", one.url + "/metrics").text)[1])

    w = Watch(one)
    w.line()
    assert listeners() == 1
    w.end()
    assert listeners() == 0


def test_json(one):
    w = Watch(one, "--json")
    assert json.loads(w.line()) == {"listening": True}
    make(one, 1, "f")
    assert {"dir": 1, "name": "f"} in (json.loads(w.line()), json.loads(w.line()))
    w.end()


def test_it_goes_on_when_dist_is_back(one):
    w = Watch(one)
    w.line()
    one.kill("dist")
    one.start("dist")
    assert re.fullmatch(r"\d\d:\d\d:\d\d  anything may have changed", w.line())
    make(one, 1, "f")
    assert {w.line()[10:], w.line()[10:]} >= {"/f"}
    w.end()


def test_path(one):
    folder = make(one, 1, "folder", "mkdir", 0o755)
    fid = make(one, folder, "f")
    assert http("GET", f"{one.url}/fs/path/{fid}").json() == {"path": "/folder/f"}
    assert http("GET", f"{one.url}/fs/path/1").json() == {"path": "/"}
    assert http("GET", f"{one.url}/fs/path/99999").status_code == 404
