"""Whatever a client sends, it is refused in time and in words, and the others are served meanwhile."""
import contextlib
import random
import socket
import threading
import time

import pytest

from cluster import http, raw, read_answer, status_of, wait_for

SERVERS = ["dist", "node1"]


@pytest.fixture(params=SERVERS)
def who(request):
    return request.param


@pytest.fixture
def base(cdn, who):
    return cdn.base(who)


def connect(base):
    return socket.create_connection(("127.0.0.1", int(base.rsplit(":", 1)[1])), timeout=60)


def serves(base):
    """It answers somebody else, and quickly."""
    t = time.monotonic()
    assert http("GET", base + "/stats/").status_code == 200
    return time.monotonic() - t < 2


@pytest.mark.parametrize("request_bytes", [
    b"\r\n\r\n\r\n", b"GARBAGE\r\n\r\n", b"GET\r\n\r\n", b"GET /stats/ HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET /stats/ HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"GET /stats/ HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n",
    b"POST /fs HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
    b"POST /fs HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n",
    b"POST /fs HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
    b"GET /" + b"a" * 300_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /stats/ HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 300_000 + b"\r\n\r\n",
    b"GET /stats/ HTTP/1.1\r\n" + b"A: b\r\n" * 50_000 + b"\r\n",
    b"G\xffT /stats/ HTTP/1.1\r\nHost: x\r\n\r\n"],
    ids=["blank", "garbage", "no-path", "version", "tls", "negative", "no-number", "two-lengths", "bad-chunk", "huge-chunk",
         "long-path", "long-header", "many-headers", "method"])
def test_what_is_no_request_is_refused(base, request_bytes):
    got = raw(base, request_bytes, half_close=True, patience=1)
    assert status_of(got) == 0 or status_of(got) >= 400, got[:100]
    assert serves(base)


@pytest.mark.parametrize("path", ["/%00", "/content/%00", "/../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/content/..%2f..%2f",
                                  "/%", "/%zz", "//etc/passwd", "/content/1%00/", "/" + "%41" * 5000, "/stats/%0d%0aX: y"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_paths_that_are_no_route(base, method, path):
    got = raw(base, f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode())
    assert status_of(got) in (400, 404, 405, 414, 431), got[:200]
    assert b"root:" not in got


def test_a_header_cannot_be_injected_by_the_request_id(base):
    got = raw(base, b"GET /stats/ HTTP/1.1\r\nHost: x\r\nX-Request-Id: a\rb\x01c" + b"d" * 4000 + b"\r\n\r\n")
    head = got.partition(b"\r\n\r\n")[0]
    assert b"\rb" not in head and len(head) < 4000


def test_half_a_request_and_silence_holds_up_nobody(base):
    with contextlib.ExitStack() as stack:
        for _ in range(50):
            s = stack.enter_context(connect(base))
            s.sendall(b"GET /stats/ HTTP/1.1\r\nHost:")
        assert serves(base)


@pytest.mark.parametrize("head", ["POST /store/?filename=slow", "PUT /update/1"])
def test_half_an_upload_and_silence_holds_up_nobody(cdn, head):
    base = cdn.base("node1")
    with contextlib.ExitStack() as stack:
        for _ in range(40):
            s = stack.enter_context(connect(base))
            s.sendall(f"{head} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf".encode())
        assert serves(base)
        assert cdn.store(b"meanwhile", node="node1")["id"]
    wait_for("the halves go", lambda: cdn.stats("node1")["reserved"] == 0)


def test_half_a_batch_and_silence_holds_up_nobody(cdn):
    with contextlib.ExitStack() as stack:
        for _ in range(40):
            s = stack.enter_context(connect(cdn.url))
            s.sendall(b'POST /fs HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"ops": [')
        assert serves(cdn.url)
        assert cdn.fs({"op": "getattr", "id": 1})[0]["attr"]["id"] == 1


def test_a_sender_of_one_byte_at_a_time_is_served(cdn):
    request = b"POST /store/?filename=drip HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabcde"
    with connect(cdn.base("node1")) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for i in range(len(request)):
            s.sendall(request[i:i + 1])
        assert status_of(read_answer(s)) == 200


def test_a_reader_that_stops_reading_holds_up_nobody(cdn):
    cid = cdn.store(b"x" * 50_000_000, node="node1")["id"]
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            s = stack.enter_context(connect(cdn.base("node1")))
            s.sendall(f"GET /retrieve/{cid} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            s.recv(100)
        assert serves(cdn.base("node1"))
        assert cdn.store(b"meanwhile", node="node1")["id"]


def test_a_body_that_is_refused_is_still_answered(cdn):
    """The client may send it all before it reads; the answer arrives on the connection, which goes on."""
    body = b"x" * 8_000_000
    for path in ("/store/?stamp=wrong", "/nothing"):
        r = http("POST", cdn.base("node1") + path, data=body)
        assert r.status_code in (400, 404)


def test_several_requests_on_one_connection(base):
    one = b"GET /stats/ HTTP/1.1\r\nHost: x\r\n\r\n"
    with connect(base) as s:
        s.sendall(one * 2 + one.replace(b"Host", b"Connection: close\r\nHost"))
        got = b"".join(iter(lambda: s.recv(65536), b""))
    assert got.count(b"HTTP/1.1 200") == 3


def test_a_connection_is_kept(base):
    import requests
    with requests.Session() as session:
        for _ in range(20):
            r = session.get(base + "/stats/", timeout=30)
            assert r.headers.get("connection", "keep-alive").lower() != "close"


def test_http_1_0_is_answered_and_closed(base):
    got = raw(base, b"GET /stats/ HTTP/1.0\r\n\r\n")
    assert b" 200 " in got.split(b"\r\n")[0]


def test_a_thousand_random_requests_hurt_nobody(base):
    """Bytes at random and requests with flipped bytes; the seed is in the name of the failure."""
    seed = random.randrange(2**32)
    rng = random.Random(seed)
    good = (b"POST /fs HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nRange: bytes=0-5\r\n"
            b"Content-Length: 40\r\n\r\n--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nx\r\n--b--")
    for _ in range(150):
        data = bytearray(good)
        for _ in range(rng.randrange(1, 12)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        with connect(base) as s, contextlib.suppress(OSError):
            s.settimeout(0.5)
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
            s.recv(4096)
    assert serves(base), f"seed {seed}"


@pytest.mark.parametrize("depth", [33, 1000, 100_000])
@pytest.mark.parametrize("method,path", [("POST", "/fs"), ("POST", "/content/"), ("PUT", "/content/1")])
def test_json_nested_too_deep_is_400(cdn, method, path, depth):
    r = http(method, cdn.url + path, data=b'{"a":' * depth + b"1" + b"}" * depth)
    assert r.status_code == 400


def test_json_with_a_huge_number_is_400(cdn):
    assert http("POST", cdn.url + "/fs", data=b'{"ops": [], "seq": ' + b"9" * 100_000 + b"}").status_code == 400


@pytest.mark.parametrize("method,path", [("GET", "/stats/"), ("GET", "/content/"), ("DELETE", "/files/nothing")])
def test_a_body_where_none_belongs_is_passed_over_or_refused(cdn, method, path):
    r = http(method, cdn.url + path, data=b"x" * 100_000)
    assert r.status_code in (200, 400, 404, 413)


@pytest.mark.parametrize("query", ["?", "?&&&", "?=", "?size", "?size=1&size=2", "?" + "a=b&" * 3000, "?%00=1", "?size=%00",
                                   "?a=%zz"], ids=lambda q: q[:20])
def test_odd_queries(cdn, query):
    got = raw(cdn.url, f"GET /store/{query} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert status_of(got) in (200, 400, 414, 431), got[:200]


def test_a_silent_half_request_is_dropped_after_its_time(new_cdn):
    """30 s by the protocol."""
    c = new_cdn(nodes=1)
    begun = time.monotonic()
    with connect(c.base("node1")) as s, connect(c.url) as d:
        s.sendall(b"POST /store/?filename=x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf")
        d.sendall(b"GET /stats/ HTTP/1.1\r\nHost:")
        ends = {}

        def watch(name, sock):
            with contextlib.suppress(ConnectionResetError):
                while sock.recv(4096):
                    pass
            ends[name] = time.monotonic() - begun
        threads = [threading.Thread(target=watch, args=a) for a in (("node", s), ("dist", d))]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    assert all(20 < e < 50 for e in ends.values()), ends
    wait_for("nothing is reserved", lambda: c.stats("node1")["reserved"] == 0)
    c.check_account("node1")
