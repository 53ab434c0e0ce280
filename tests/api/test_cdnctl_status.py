"""cdnctl status, and --watch."""
import json
import re
import secrets
import subprocess

import pytest

from cluster import BIN, wait_for
from harness import PATIENCE
from terminal import cdnctl, on_terminal

ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


@pytest.fixture
def plain(cdn):
    """plain("status"): its lines."""
    def run(*args, expect=0, url=None):
        r = cdnctl(url or cdn.url, *args)
        assert r.returncode == expect, (r.returncode, r.stderr)
        return r.stdout.decode().splitlines()
    return run


def wrong(url):
    return [f["check"] for f in json.loads(cdnctl(url, "--json", "status").stdout)["wrong"]]


def test_status_of_a_cdn_that_is_well(cdn, driver, plain):
    cdn.store(b"x" * 1000)
    wait_for("the figures", lambda: json.loads(plain("--json", "status")[0])["totals"]["storage"] >= 1000)
    lines = plain("status")
    assert re.match(rf"CDN  {cdn.url}  version \S+  up \d.*  (SQLite|PostgreSQL) \S.*  OK$", lines[0]), lines
    assert ("SQLite" in lines[0]) == (driver == "sqlite")
    for name in cdn.node_names:
        assert any(re.match(rf"{name} +UP \S.* \[[#-]+\] +\d+\.\d% .* of +2\.0 GB +\d+ files$", line) for line in lines)
    assert any(re.match(r"all +3 of 3 up ", line) for line in lines)


def test_status_as_json(cdn, plain):
    cid = cdn.store(b"x" * 1000)["id"]
    assert cid
    got = json.loads(plain("--json", "status")[0])
    assert set(got["nodes"]) == set(cdn.node_names)
    assert (got["totals"]["nodes"], got["totals"]["up"], got["health"], got["url"]) == (3, 3, "OK", cdn.url)
    assert got["totals"]["max_storage"] == 3 * 2_000_000_000
    assert isinstance(got["mounts"], list)


def test_status_tells_who_is_down_and_since_when(new_cdn):
    c = new_cdn(nodes=2)
    assert not {"node-down", "node-full"} & set(wrong(c.url))
    c.kill("node1")
    c.wait_down("node1")
    assert "node-down" in wrong(c.url)
    out = cdnctl(c.url, "status").stdout.decode()
    assert re.search(r"^node1 +DOWN \d+ s ", out, re.M), out
    assert re.search(r"^all +1 of 2 up", out, re.M), out
    assert re.search(rf"^- node1 at {c.base('node1')} has been down for \d+ s\n    \w", out, re.M), out


def test_status_tells_who_is_full(new_cdn):
    c = new_cdn(nodes=1, max_storage="1M")
    c.store(b"x" * 950_000)
    wait_for("it is nearly full", lambda: "node-nearly-full" in wrong(c.url))
    c.store(b"x" * 48_000)
    wait_for("it is full", lambda: "node-full" in wrong(c.url))


def test_status_without_a_distributor(plain):
    lines = plain("status", url="http://127.0.0.1:9", expect=4)
    assert lines[0] == "CDN  http://127.0.0.1:9  cannot be asked"
    assert any("does not answer" in line for line in lines)
    got = json.loads(plain("--json", "status", url="http://127.0.0.1:9", expect=4)[0])
    assert got["wrong"][0]["check"] == "dist-away" and "nodes" not in got


def test_status_with_a_wrong_token(new_cdn):
    c = new_cdn(nodes=1, env={"CDN_TOKEN": "right", "PROTECT_READS": "1"})
    r = cdnctl(c.url, "--json", "status", env={"CDN_TOKEN": "wrong"})
    assert (r.returncode, json.loads(r.stdout)["wrong"][0]["check"]) == (6, "token")
    r = cdnctl(c.url, "--json", "status", env={"CDN_TOKEN": "right"})
    assert (r.returncode, json.loads(r.stdout)["totals"]["up"]) == (0, 1)


def test_status_shows_the_mounts_of_this_machine(new_cdn):
    c = new_cdn(nodes=1)
    m = c.mount(c.tmp / "a mount")

    def mine(state):
        return f"{state:9} {m.path}  from {c.url}  by " in cdnctl(c.url, "status").stdout.decode()
    assert mine("mounted")
    m.kill()
    assert mine("dead")
    got = json.loads(cdnctl(c.url, "--json", "status").stdout)
    assert any(f["check"] == "mount-dead" and str(m.path) in f["what"] for f in got["wrong"])


def test_colours_on_a_terminal_only(cdn, plain):
    assert "\x1b" not in "".join(plain("status"))
    _, _, seen = on_terminal([f"--url={cdn.url}", "status"], everything=True)
    assert "\x1b[32mUP " in seen
    for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        rc, _, seen = on_terminal([f"--url={cdn.url}", "status"], everything=True, env=env)
        assert rc == 0 and "UP " in seen and "\x1b" not in seen
    _, _, seen = on_terminal([f"--url={cdn.url}", "status"], everything=True, env={"NO_COLOR": ""})
    assert "\x1b[32m" in seen


def rows_of(seen):
    return re.split(r"\r?\n", ESCAPES.sub("", seen))


def test_tables_fit_the_terminal(cdn):
    for command in ("status", "stats", "nodes"):
        for columns in (20, 45, 80, 200):
            rc, _, seen = on_terminal([f"--url={cdn.url}", command], columns=columns, everything=True)
            table = [row for row in rows_of(seen) if not row.startswith(("- ", "    "))]  # sentences wrap
            assert rc == 0 and max(map(len, table)) <= columns, (command, columns, seen)
    _, _, wide = on_terminal([f"--url={cdn.url}", "status"], columns=110, everything=True)
    _, _, narrow = on_terminal([f"--url={cdn.url}", "status"], columns=45, everything=True)
    assert re.search(r"node1 .*\[[#-]{20,}\]", ESCAPES.sub("", wide))
    assert not re.search(r"node1 .*\[", ESCAPES.sub("", narrow))


@pytest.mark.parametrize("args", [["-w0.1", "status"], ["stats", "--watch=0.1"], ["nodes", "-w0.1"], ["-w0.1", "ls"]])
def test_watch_draws_in_place(cdn, args):
    rc, _, seen = on_terminal([f"--url={cdn.url}", *args], everything=True, rows=8, columns=40,
                              until=lambda got: got.count("\x1b[H") >= 3)
    assert rc == -15
    screens = seen.split("\x1b[H")[1:]
    assert screens[0] and seen.count("\x1b[2J") == 1
    for screen in screens[:-1]:
        assert re.match(r"\x1b\[2Kcdnctl (status|stats|nodes|ls), every 0.1 s: \d\d:\d\d:", screen)
        assert len(rows_of(screen)) <= 8 and max(map(len, rows_of(screen))) <= 40


def test_watch_sees_what_changes_and_outlives_a_failure(new_cdn):
    c = new_cdn(nodes=1)
    stage = {"stopped": False}

    def until(got):
        if not stage["stopped"] and "1 of 1 up" in got:
            c.stop("dist")
            stage["stopped"] = True
        if stage["stopped"] and "cannot be asked" in got and "again" not in stage:
            c.start("dist")
            stage["again"] = len(got)
        return "again" in stage and "1 of 1 up" in got[stage["again"]:]
    rc, _, seen = on_terminal([f"--url={c.url}", "-w0.1", "status"], everything=True, until=until)
    assert rc == -15, seen


def test_watch_without_a_terminal_is_plain(cdn, tmp_path):
    with open(tmp_path / "out", "wb") as out:
        p = subprocess.Popen([BIN / "cdnctl", f"--url={cdn.url}", "--json", "-w0.1", "stats"], stdout=out)
        wait_for("three lines", lambda: (tmp_path / "out").read_bytes().count(b"\n") >= 3)
        p.terminate()
        assert p.wait(PATIENCE) == -15
    lines = (tmp_path / "out").read_text().splitlines()
    assert all("stats" in json.loads(line) for line in lines[:3])


def test_watch_ends_when_nobody_reads(cdn):
    p = subprocess.Popen([BIN / "cdnctl", f"--url={cdn.url}", "-w0.1", "stats"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert p.stdout.readline()
    p.stdout.close()
    assert p.wait(PATIENCE) == 1
    assert b"cannot write" in p.stderr.read()
    p.stderr.close()


@pytest.mark.parametrize("args", [["-w0", "stats"], ["-wx", "stats"], ["--watch=1e9", "stats"], ["--watch=-1", "stats"],
                                  ["-w", "rm", "x"], ["-w", "scenario"], ["--watch=nan", "stats"]])
def test_watch_that_makes_no_sense_is_wrong_usage(cdn, args):
    r = cdnctl(cdn.url, *args)
    assert (r.returncode, b"--watch" in r.stderr) == (2, True), r.stderr


def test_names_from_a_server_cannot_move_the_cursor(cdn):
    name = "\x1b[2J" + secrets.token_hex(4)
    r = cdn.fs({"op": "mkdir", "dir": 1, "name": name.replace("\x1b", "%1B"), "mode": 0o755, "uid": 0, "gid": 0})
    assert "errno" not in r[0]
    _, _, seen = on_terminal([f"--url={cdn.url}", "ls"], everything=True, env={"NO_COLOR": "1"})
    assert name[4:] in seen and "\x1b" not in seen
