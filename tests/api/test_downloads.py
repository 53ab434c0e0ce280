"""node: retrieve/{id} with odd ids, stamps, names and types; many readers at once."""
import re
import secrets
import socket
import time
import urllib.parse

import pytest

from cluster import http, new_stamp

@pytest.fixture(scope="module")
def stored(cdn):
    """A content on node1: (id, URL to retrieve it)."""
    cid = cdn.store(b"body", node="node1")["id"]
    return cid, f"{cdn.base('node1')}/retrieve/{cid}"


@pytest.mark.parametrize("cid", ["0", "-1", "abc", "9007199254740992", "9" * 40, "1%00", "..", "%2e%2e%2fpasswd"])
def test_a_wrong_id_is_refused(cdn, cid):
    assert http("GET", cdn.base("node1") + "/retrieve/" + cid).status_code in (400, 404)


def test_a_redirect_followed_brings_the_bytes(cdn, stored):
    assert http("GET", f"{cdn.base('node3')}/retrieve/{stored[0]}", allow_redirects=True).content == b"body"


def test_a_stamp_that_never_was_is_404(cdn, stored):
    assert http("GET", stored[1], params={"stamp": new_stamp()}).status_code == 404


@pytest.mark.parametrize("stamp", ["x", "", "0" * 15, "../../etc/passwd", "0" * 16, "f" * 16])
def test_a_wrong_stamp_is_400(cdn, stored, stamp):
    assert http("GET", stored[1], params={"stamp": stamp}).status_code == 400


def test_a_file_that_never_had_bytes_is_empty(cdn):
    made = cdn.fs({"op": "create", "dir": 1, "name": secrets.token_hex(8), "mode": 0o644, "uid": 0, "gid": 0})[0]
    r = cdn.fetch(made["attr"]["id"])
    assert (r.status_code, r.content) == (200, b"")


def disposition(value):
    """The file name as a browser reads it: filename* before filename."""
    star = re.search(r"filename\*=UTF-8''([^;]+)", value)
    if star:
        return urllib.parse.unquote_to_bytes(star[1])
    plain = re.search(r'filename="((?:[^"\\]|\\.)*)"', value)
    return re.sub(r"\\(.)", r"\1", plain[1]).encode("latin-1")


@pytest.mark.parametrize("name", [
    "plain.txt", "with space.txt", 'quote".txt', "semi;colon", "ünïcödé.txt", "日本語.png", "%41.txt",
    "new\nline", "cr\r\nSet-Cookie: x=1", "tab\t", "'single'", "a,b=c", "x" * 255, "é" * 127, "\x7f", ".hidden", "-rf"])
def test_disposition_carries_any_name(cdn, name):
    up = http("POST", cdn.base("node1") + "/store/", params={"filename": name}, data=b"x")
    assert up.status_code == 200, up.text
    r = cdn.fetch(up.json()["id"])
    value = r.headers["content-disposition"]
    assert value.startswith("attachment; filename=")
    assert disposition(value).decode() == name
    assert "Set-Cookie" not in r.headers


def test_disposition_of_bytes_that_are_not_utf8_is_ascii(cdn):
    up = http("POST", cdn.base("node1") + "/store/?filename=%ff%fe.txt", data=b"x")
    assert up.status_code == 200
    value = cdn.fetch(up.json()["id"]).headers["content-disposition"]
    assert value.isascii()


def test_disposition_without_a_name_has_the_id(cdn):
    cid = http("POST", cdn.base("node1") + "/store/", data=b"x").json()["id"]
    assert disposition(cdn.fetch(cid).headers["content-disposition"]) == str(cid).encode()


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "application/json", "image/svg+xml"])
def test_content_type_is_as_stored(cdn, kind):
    cid = http("POST", cdn.base("node1") + "/store/", data=b"x", headers={"Content-Type": kind}).json()["id"]
    assert cdn.fetch(cid).headers["content-type"] == kind


def test_twenty_readers_at_once_get_the_same(cdn):
    from concurrent.futures import ThreadPoolExecutor
    data = secrets.token_bytes(3_000_000)
    cid = cdn.store(data)["id"]
    with ThreadPoolExecutor(20) as pool:
        assert all(c == data for c in pool.map(lambda _: cdn.fetch(cid).content, range(20)))


def queued(server, client):
    """Bytes that the kernel holds for client, on the server's side."""
    for line in open("/proc/net/tcp", encoding="ascii").readlines()[1:]:
        words = line.split()
        local, remote = (int(words[i].split(":")[1], 16) for i in (1, 2))
        if (local, remote) == (server, client):
            return int(words[4].split(":")[0], 16)
    return 0


def test_little_is_queued_for_a_slow_reader(cdn):
    """Else a minute passes before the next bytes fit, and the node takes the connection for a dead one."""
    cid = cdn.store(b"x" * (32 << 20), node="node1")["id"]
    url = urllib.parse.urlsplit(cdn.base("node1"))
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        s.connect((url.hostname, url.port))
        s.sendall(f"GET /retrieve/{cid} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        seen = -1
        while (now := queued(url.port, s.getsockname()[1])) != seen or not now:
            seen = now
            time.sleep(0.3)
        assert now <= 1 << 20
        s.settimeout(60)
        got = 0
        while got < 32 << 20:
            got += len(s.recv(1 << 20))
