"""cdnctl doctor: each finding about a CDN, made true. What it finds about a machine is in tests/mount."""
import email.utils
import http.server
import json
import os
import subprocess
import threading
import time

import pytest

from cluster import BIN, wait_for
from harness import PATIENCE
from terminal import cdnctl

VERSION = subprocess.run([BIN / "cdnctl", "--version"], capture_output=True, text=True, check=True).stdout.split()[1]


def examine(url, *args, **kw):
    """check → findings of that name that are wrong; and the exit status says whether there are any."""
    r = cdnctl(url, "--json", "doctor", *args, **kw)
    report = json.loads(r.stdout)
    wrong = [f for f in report["findings"] if f["level"] == "wrong"]
    assert (r.returncode, report["wrong"]) == (1 if wrong else 0, len(wrong)), r.stderr
    assert all(f["cure"] for f in wrong)
    found = {}
    for f in wrong:
        found.setdefault(f["check"], []).append(f["what"])
    return found, report["findings"]


def about_cdn(found):
    """Without what the machine of the tests may lack."""
    machine = {"fuse-device", "fusermount", "staging", "mount-dead", "configuration", "token-file"}
    return {check: what for check, what in found.items() if check not in machine}


def test_a_cdn_that_is_well(cdn):
    found, all_of_them = examine(cdn.url)
    assert about_cdn(found) == {}
    fine = [f["what"] for f in all_of_them if f["level"] == "ok"]
    for name in ["dist", *cdn.node_names]:
        assert f"{name} answers at {cdn.base(name)}, version {VERSION}" in fine
    assert "the clocks agree" in fine


def test_for_people(new_cdn):
    c = new_cdn(nodes=1)
    c.kill("node1")
    c.wait_down("node1")
    r = cdnctl(c.url, "doctor")
    lines = r.stdout.decode().splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith(f"wrong  node1 at {c.base('node1')} has been down"))
    assert lines[at + 1].startswith("       cure: ")
    assert lines[-1].endswith((" is wrong", " are wrong"))
    assert r.returncode == 1


def test_nobody_answers():
    found, _ = examine("http://127.0.0.1:9")
    assert set(about_cdn(found)) == {"dist-away"}


def test_the_name_of_dist_is_unknown():
    found, _ = examine("http://no-such-host.invalid:8000")
    assert set(about_cdn(found)) == {"dist-away", "dns"}


def test_the_token_is_wrong(new_cdn):
    c = new_cdn(nodes=1, env={"CDN_TOKEN": "right", "PROTECT_READS": "1"})
    found, _ = examine(c.url, env={"CDN_TOKEN": "wrong"})
    assert set(about_cdn(found)) == {"token"}
    found, _ = examine(c.url, env={"CDN_TOKEN": "right"})
    assert about_cdn(found) == {}


def test_a_cdn_with_tls(new_cdn, authority, stranger):
    c = new_cdn(nodes=1, tls=authority)
    found, all_of_them = examine(c.url, f"--ca-file={authority.ca}")
    assert about_cdn(found) == {}
    assert any(f["what"] == f"node1 answers at {c.base('node1')}, version {VERSION}" for f in all_of_them)
    found, _ = examine(c.url, f"--ca-file={stranger.ca}")
    assert set(about_cdn(found)) == {"dist-away"} and "certificate" in found["dist-away"][0]


def test_full_and_nearly_full_nodes(new_cdn):
    c = new_cdn(nodes=1, max_storage="1M")
    c.store(b"x" * 950_000)
    wait_for("it is nearly full", lambda: "node-nearly-full" in examine(c.url)[0])
    c.store(b"x" * 48_000)
    wait_for("it is full", lambda: "node-full" in examine(c.url)[0])


def test_a_disk_smaller_than_promised(new_cdn):
    v = os.statvfs("/tmp")
    c = new_cdn(nodes=1, max_storage=str(10 * v.f_blocks * v.f_frsize))
    found, _ = examine(c.url)
    assert "disk" in found and "node1" in found["disk"][0]


def test_a_token_file_that_others_read(new_cdn, tmp_path):
    c = new_cdn(nodes=1, env={"CDN_TOKEN": "right"})
    token = tmp_path / "token"
    token.write_text("right\n")
    token.chmod(0o640)
    assert "token-file" not in examine(c.url, f"--token-file={token}")[0]
    token.chmod(0o644)
    assert "read by others" in examine(c.url, f"--token-file={token}")[0]["token-file"][0]
    token.chmod(0o660)
    assert "changed by others" in examine(c.url, f"--token-file={token}")[0]["token-file"][0]
    token.unlink()
    assert str(token) in examine(c.url, f"--token-file={token}")[0]["token-file"][0]


class Server:
    """What answers `routes` as JSON, with a clock of its own."""

    def __init__(self, routes, skew=0):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = json.dumps(routes().get(self.path, "nothing")).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def date_time_string(self, timestamp=None):
                return email.utils.formatdate(time.time() + skew, usegmt=True)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


FIGURES = {"memory": 1, "storage": 0, "storagep": 0, "max_storage": 10 ** 9, "free": 10 ** 9, "contents": 0, "seconds": 5}


@pytest.fixture
def actors():
    """actors(dist={…}, node1={…}): the URL of a dist and nodes that are played; `skew`, `version`, `uri`, `stats`."""
    made = []

    def play(dist=None, **nodes):
        dist = dist or {}
        shown = {}
        for name, part in nodes.items():
            stats = {**FIGURES, "version": part.get("version", VERSION)}
            stats = {k: v for k, v in stats.items() if v is not None} if "stats" not in part else part["stats"]
            made.append(Server(lambda stats=stats: {"/stats/": stats}, part.get("skew", 0)))
            shown[name] = {**FIGURES, "status": "UP", "uri": part.get("uri", made[-1].url)}
        answers = {"/stats/": {"stats": shown, "dist": {"version": dist.get("version", VERSION), "seconds": 5, "database": "x"}},
                   "/health": {"status": "OK"}}
        made.append(Server(lambda: answers, dist.get("skew", 0)))
        return made[-1].url

    yield play
    for one in made:
        one.close()


def test_actors_are_well(actors):
    found, _ = examine(actors(node1={}, node2={}))
    assert about_cdn(found) == {}


def test_versions_differ(actors):
    found, _ = examine(actors(dist={"version": "9.9.9"}, node1={"version": "0.0.1"}, node2={"version": None}))
    assert set(about_cdn(found)) == {"version"}
    assert len(found["version"]) == 3 and any("dist has version 9.9.9" in w for w in found["version"])


def test_a_clock_that_is_wrong(actors):
    found, _ = examine(actors(node1={"skew": 3600}, node2={}))
    assert set(about_cdn(found)) == {"clock"} and len(found["clock"]) == 1
    assert "the clock of node1 is " in found["clock"][0] and "ahead of ours" in found["clock"][0]
    found, _ = examine(actors(dist={"skew": -3600}, node1={}, node2={}))
    assert "the clock of dist is " in found["clock"][0] and "behind ours" in found["clock"][0]


def test_our_clock_is_wrong(actors):
    found, _ = examine(actors(dist={"skew": 3600}, node1={"skew": 3600}, node2={"skew": 3601}))
    assert found["clock"] == [w for w in found["clock"] if "this machine's clock" in w and "behind" in w]
    assert len(found["clock"]) == 1


def test_a_stranger_at_a_nodes_address(actors):
    found, _ = examine(actors(node1={"stats": {"hello": "world"}}))
    assert set(about_cdn(found)) == {"stranger"}


def test_a_node_that_only_dist_reaches(actors):
    found, _ = examine(actors(node1={"uri": "http://127.0.0.1:9"}, node2={}))
    assert set(about_cdn(found)) == {"unreachable"} and "node1" in found["unreachable"][0]


def test_a_node_with_a_name_that_is_unknown_here(actors):
    found, _ = examine(actors(node1={"uri": "http://node1.invalid:8001"}, node2={}))
    assert set(about_cdn(found)) == {"dns"} and "node1.invalid" in found["dns"][0]


def test_no_nodes(actors):
    found, _ = examine(actors())
    assert set(about_cdn(found)) == {"no-nodes"}


NETWORK = """set -e
ip link set lo up
ip addr add 10.77.0.1/32 dev lo
"$1" -m http.server --bind 10.77.0.1 --directory "$2" 8000 >/dev/null 2>&1 &
until "$3" --url=http://10.77.0.1:8000 stats >/dev/null 2>&1; do kill -0 $!; done
"$3" --url=http://10.77.0.1:8000 --json doctor || true
kill $!
"""


def test_a_node_told_to_clients_as_loopback(tmp_path):
    """dist has an address of a LAN, a node 127.0.0.1."""
    for name, answer in (("stats", {"stats": {"node1": {**FIGURES, "status": "UP", "uri": "http://127.0.0.1:8001"}},
                                    "dist": {"version": VERSION}}), ("health", {"status": "OK"})):
        (tmp_path / name).mkdir()
        (tmp_path / name / "index.html").write_text(json.dumps(answer))
    r = subprocess.run(["unshare", "-n", "sh", "-c", NETWORK, "sh", "/usr/bin/python3", tmp_path, BIN / "cdnctl"],
                       capture_output=True, text=True, check=False, timeout=2 * PATIENCE)
    found = [f for f in json.loads(r.stdout)["findings"] if f["level"] == "wrong"]
    assert any(f["check"] == "loopback" and "node1" in f["what"] for f in found), (r.stdout, r.stderr)
