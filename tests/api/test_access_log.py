"""The access log: a line for each request, of one shape whatever was asked, and no secret in it."""
import re
import socket

import pytest

from cluster import Cluster, http, raw, wait_for

LINE = re.compile(r'\S+Z (?P<who>dist|node) (?P<level>info|debug) "request" method=(?P<method>\S+) status=(?P<status>\d+) '
                  r'bytes=(?P<bytes>\d+) in=(?P<in>\d+) ms=\d+\.\d{3} peer=(?P<peer>\S+?:\d+)(?P<early> ended=early)? '
                  r'path=(?P<path>\S+) req=(?P<req>[0-9A-Za-z_-]{1,32})$')


def logged(c, who, req):
    """The line about a request, once it is there."""
    def find():
        return [line for line in c.log(who).splitlines() if line.endswith(f" req={req}") and '"request"' in line]
    [line] = wait_for(f"line of {req}", find)
    m = LINE.match(line)
    assert m, line
    return m


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    c = Cluster(tmp_path_factory.mktemp("access"), nodes=1)
    yield c
    c.close()


def ask(method, url, req, **kw):
    return http(method, url, headers={"X-Request-Id": req}, **kw)


@pytest.mark.parametrize("who", ["dist", "node1"])
def test_what_a_line_says(one, who):
    r = ask("GET", one.base(who) + "/nowhere?x=1", f"plain-{who}")
    m = logged(one, who, f"plain-{who}")
    assert m["who"] == who.rstrip("1") and m["level"] == "info"
    assert (m["method"], m["status"], m["path"], m["in"]) == ("GET", "404", "/nowhere", "0")
    assert int(m["bytes"]) == len(r.content) > 0
    assert m["peer"].startswith("127.0.0.1:") and not m["early"]


def test_bytes_in_and_out(one):
    stored = one.store(b"x" * 12345, params={"stamp": "00000000000000aa"})
    url = f"{one.base('node1')}/retrieve/{stored['id']}"
    ask("GET", url, "whole")
    assert logged(one, "node1", "whole")["bytes"] == "12345"
    ask("HEAD", url, "head")
    m = logged(one, "node1", "head")
    assert (m["method"], m["bytes"], m["status"]) == ("HEAD", "0", "200")
    http("GET", url, headers={"X-Request-Id": "part", "Range": "bytes=10-19"})
    m = logged(one, "node1", "part")
    assert (m["bytes"], m["status"]) == ("10", "206")
    http("GET", url, headers={"X-Request-Id": "same", "If-None-Match": f'"{stored["etag"]}"'})
    m = logged(one, "node1", "same")
    assert (m["bytes"], m["status"]) == ("0", "304")
    ask("PUT", one.base("node1") + "/store/?path=/up", "up", data=b"y" * 777)
    assert logged(one, "node1", "up")["in"] == "777"


def test_a_path_cannot_forge_a_line_or_a_field(one):
    ask("GET", one.url + "/files/a%20b%22%0aERROR%20status=500%25%ff", "forge")
    m = logged(one, "dist", "forge")
    assert m["path"] == "/files/a%20b%22%0AERROR%20status%3D500%25%FF"
    assert "\nERROR" not in one.log("dist")


def test_a_strange_method_is_encoded_and_cut(one):
    raw(one.url, b"A\"%$B" + b"C" * 100 + b" /x HTTP/1.1\r\nHost: x\r\nX-Request-Id: odd\r\nConnection: close\r\n\r\n")
    assert logged(one, "dist", "odd")["method"] == "A%22%25%24BCCCCCCCCCCC"


def test_an_upload_that_is_cut_off_is_told(one):
    with socket.create_connection(("127.0.0.1", one.ports["node1"])) as s:
        s.sendall(b"PUT /store/?path=/never HTTP/1.1\r\nHost: x\r\nX-Request-Id: cut\r\nContent-Length: 100\r\n\r\nabc")
        wait_for("reception", lambda: one.stats("node1")["reserved"] > 0)
    m = logged(one, "node1", "cut")
    assert m["early"] and m["status"] == "0"


@pytest.mark.parametrize("who,path", [("dist", "/health"), ("dist", "/ready"), ("node1", "/health"), ("node1", "/ready"),
                                      ("node1", "/stats/")])
def test_what_machines_poll_is_not_in_it_unless_it_fails(one, who, path):
    req = f"dull-{who}-{path.strip('/')}"
    assert ask("GET", one.base(who) + path, req).status_code == 200
    ask("POST", one.base(who) + path, req + "-405")
    logged(one, who, req + "-405")
    assert f" req={req}\n" not in one.log(who)


def test_no_line_at_info_when_it_is_off_and_one_at_debug(new_cdn):
    c = new_cdn(nodes=1, env={"ACCESS_LOG": "no", "LOG_LEVEL": "info"})
    for who in ("dist", "node1"):
        ask("GET", c.base(who) + "/nowhere", "off")
        c.stop(who)  # all is written
        assert '"request"' not in c.log(who)
    c.env["LOG_LEVEL"] = "debug"
    c.processes.clear()
    for who in ("dist", "node1"):
        c.start(who) if who == "dist" else c.launch(who)
        c.wait_healthy(who)
        ask("GET", c.base(who) + "/health", "on")
        assert logged(c, who, "on")["level"] == "debug"


def test_no_secret_is_in_any_log(new_cdn):
    """The token, a link's signature, a password in a query or in front of a host: however the request ends."""
    token = "t0ken-5ecret"
    c = new_cdn(nodes=1, env={"CDN_TOKEN": token, "LOG_LEVEL": "debug"}, dist_args=["--protect-reads"],
                node_args=["--protect-reads"])
    auth = {"Authorization": f"Bearer {token}"}
    http("PUT", c.base("node1") + "/store/?path=/f", headers=auth, data=b"x").raise_for_status()
    link = http("GET", c.url + "/files/f?ttl=60", headers=auth).json()["uri"]
    signature = re.search(r"signature=([0-9a-f]{64})", link)[1]
    r = http("GET", link)
    assert r.status_code == 307
    assert http("GET", r.headers["location"]).status_code == 200
    other = re.search(r"signature=([0-9a-f]{64})", r.headers["location"])[1]
    assert http("GET", link.replace("/f?", "/g?")).status_code == 403
    for who in ("dist", "node1"):
        for path in ("/stats/", "/nowhere", "/health", "/%zz"):
            http("GET", f"{c.base(who)}{path}?password=hunter2&token={token}", headers={"X-Request-Id": "last"})
        raw(c.base(who), b"GET http://me:hunter2@x/health HTTP/1.1\r\nHost: x\r\nX-Request-Id: abs\r\n\r\n")
        logged(c, who, "abs")
    for who in ("dist", "node1"):
        for secret in (token, signature, other, "hunter2"):
            assert secret not in c.log(who), (who, secret)
