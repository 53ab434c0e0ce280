"""node: uploads that are odd, broken, too many or at odds with one another: what is taken, what is refused, and what is left."""
import hashlib
import secrets

import pytest

from cluster import etag_of, http, new_stamp, raw, status_of, wait_for


def form(*parts, boundary="XXboundaryXX", end=True):
    """A form body: parts are (headers, bytes)."""
    out = b"".join(b"--%s\r\n%s\r\n\r\n%s\r\n" % (boundary.encode(), h.encode(), d) for h, d in parts)
    return out + (b"--%s--\r\n" % boundary.encode() if end else b"")


def send_form(url, body, method="POST", boundary="XXboundaryXX"):
    return http(method, url, data=body, headers={"Content-Type": f"multipart/form-data; boundary={boundary}"})


FILE = 'Content-Disposition: form-data; name="file"; filename="f.txt"'


@pytest.fixture
def node(cdn):
    return cdn.base("node1")


@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 65_535, 65_536, 65_537, 1_048_577, 9_999_999])
def test_sizes_come_back_whole(cdn, node, size):
    data = secrets.token_bytes(size)
    up = http("POST", node + "/store/", files={"file": ("s", data)}).json()
    assert cdn.record(up["id"])["size"] == size
    assert cdn.fetch(up["id"]).content == data


def test_bytes_that_look_like_the_boundary_stay(cdn, node):
    data = b"\r\n--XXboundaryX\r\n--XXboundary\r\n\r\n----\r\n-" * 5000
    r = send_form(node + "/store/", form((FILE, data)))
    assert cdn.fetch(r.json()["id"]).content == data


def test_fields_before_and_after_the_file(cdn, node):
    name, stamp = secrets.token_hex(6), new_stamp()
    body = form(('Content-Disposition: form-data; name="stamp"', stamp.encode()), (FILE, b"abc"),
                ('Content-Disposition: form-data; name="path"', f"/{name}".encode()),
                ('Content-Disposition: form-data; name="unknown"', b"passed over"))
    r = send_form(node + "/store/", body)
    assert r.json()["stamp"] == stamp
    assert cdn.files(name).headers["location"].endswith(f"/retrieve/{r.json()['id']}")


def test_preamble_and_epilogue_are_passed_over(cdn, node):
    r = send_form(node + "/store/", b"preamble\r\n" + form((FILE, b"abc")) + b"epilogue")
    assert cdn.fetch(r.json()["id"]).content == b"abc"


@pytest.mark.parametrize("body", [
    b"", b"garbage", form(end=True), form(('Content-Disposition: form-data; name="other"', b"x")), form((FILE, b"x"), end=False),
    form((FILE, b"x")).replace(b"\r\n\r\n", b"\r\n", 1), b"--XXboundaryXX\r\n" + b"A" * 20_000,
    b"--XXboundaryXX\r\n" + b"A: b\r\n" * 5000, form(("Content-Disposition: attachment", b"x")),
    form(("no colon at all", b"x")), form((FILE, b"a"), (FILE, b"b")),
    form(('Content-Disposition: form-data; name="stamp"', b"y" * 5000), (FILE, b"x")),
    form(('Content-Disposition: form-data; name="stamp"', b"nonsense"), (FILE, b"x")),
    form((FILE.replace("f.txt", "f" * 300), b"x")), form((FILE.replace("f.txt", ".."), b"x"))],
    ids=["empty", "garbage", "no-part", "no-file", "no-end", "no-blank-line", "endless-header", "many-headers",
         "no-form-data", "no-colon", "two-files", "long-field", "bad-stamp", "long-name", "dotdot"])
def test_a_broken_form_is_400_and_leaves_nothing(new_node, body):
    c, url = new_node
    before = c.check_account("node1")["contents"]
    r = send_form(url + "/store/", body)
    assert r.status_code == 400, r.text
    assert r.json()["message"]
    wait_for("nothing is reserved", lambda: c.stats("node1")["reserved"] == 0)
    assert c.check_account("node1")["contents"] == before
    assert not list((c.tmp / "node1" / "tmp").glob("*"))


@pytest.fixture(scope="module")
def new_node(database, tmp_path_factory):
    """A CDN of one node for this module: (it, the node's base)."""
    from cluster import Cluster
    one = Cluster(tmp_path_factory.mktemp("cdn"), nodes=1, max_storage="100M")
    yield one, one.base("node1")
    one.close()


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=" + "b" * 200,
                                  "multipart/form-data; boundary=\"unclosed"])
def test_a_form_without_a_usable_boundary_is_400(node, kind):
    assert http("POST", node + "/store/", data=form((FILE, b"x")), headers={"Content-Type": kind}).status_code == 400


@pytest.mark.parametrize("params", [
    {"stamp": "x"}, {"stamp": "0" * 16}, {"stamp": "f" * 16}, {"stamp": ""}, {"mtime": "x"}, {"mtime": "1.5.5"},
    {"mtime": "99999999999999999999"}, {"durable": "maybe"}, {"durable": "2"}, {"filename": "f" * 256},
    {"filename": ".."}, {"path": "p" * 5000}, {"path": ""}])
def test_a_wrong_parameter_is_400(new_node, params):
    c, url = new_node
    before = c.check_account("node1")
    r = http("POST", url + "/store/", params={"filename": "x", **params}, data=b"x")
    assert r.status_code == 400, r.text
    assert next(iter(params)) in r.json()["message"]
    assert c.check_account("node1")["contents"] == before["contents"]


def test_nul_in_a_name_is_400(node):
    assert http("POST", node + "/store/?filename=a%00b", data=b"x").status_code == 400


@pytest.mark.parametrize("value", ["x", "", "0" * 31, "g" * 32])
def test_a_wrong_checksum_header_is_400(node, value):
    r = http("POST", node + "/store/", data=b"x", headers={"X-Content-XXH128": value})
    assert r.status_code == 400


def test_without_any_length_it_is_411(cdn, node):
    got = raw(node, b"POST /store/?filename=x HTTP/1.1\r\nHost: x\r\n\r\n")
    assert status_of(got) == 411


def test_beyond_every_file_size_is_413(node):
    got = raw(node, b"POST /store/?filename=x HTTP/1.1\r\nHost: x\r\nContent-Length: 9007199254740992\r\n"
                    b"Expect: 100-continue\r\n\r\n")
    assert status_of(got) == 413


@pytest.fixture
def content(cdn):
    """A content on node1: its upload's answer."""
    return cdn.store(b"before", "up.txt", node="node1")


def by_path(url, cid, data):
    return http("PUT", f"{url}/update/{cid}", data=data)


def by_query(url, cid, data):
    return http("PUT", f"{url}/update/", params={"id": cid}, data=data)


def by_query_form(url, cid, data):
    return http("PUT", f"{url}/update", params={"id": cid}, files={"file": ("x", data)})


def by_field_before(url, cid, data):
    body = form(('Content-Disposition: form-data; name="id"', str(cid).encode()), (FILE, data))
    return send_form(f"{url}/update/", body, "PUT")


def by_field_after(url, cid, data):
    body = form((FILE, data), ('Content-Disposition: form-data; name="id"', str(cid).encode()))
    return send_form(f"{url}/update/", body, "PUT")


@pytest.mark.parametrize("how", [by_path, by_query, by_query_form, by_field_before, by_field_after])
@pytest.mark.parametrize("where", ["node1", "node2"])
def test_update_replaces_the_bytes(cdn, content, how, where):
    cid = content["id"]
    r = how(cdn.base(where), cid, b"after that")
    assert r.status_code == 200, r.text
    assert r.json() == {"id": cid, "message": f"Content successfully updated. ID: {cid}"}
    assert cdn.fetch(cid).content == b"after that"
    rec = cdn.record(cid)
    assert (rec["size"], rec["etag"], rec["node"]) == (10, etag_of(b"after that"), where)
    assert rec["stamp"] != content["stamp"]


def test_update_to_another_node_takes_the_old_copy_away(new_cdn):
    c = new_cdn(nodes=2)
    cid = c.store(b"x" * 1000, node="node1")["id"]
    by_path(c.base("node2"), cid, b"y" * 500)
    wait_for("the old copy goes", lambda: c.stats("node1")["storage"] == 0)
    c.check_account("node1")
    assert c.check_account("node2")["storage"] == 500
    assert http("GET", f"{c.base('node1')}/retrieve/{cid}", allow_redirects=True).content == b"y" * 500


def test_update_with_two_ids_that_differ_is_400(cdn, node, content):
    r = http("PUT", f"{node}/update/{content['id']}", params={"id": content["id"] + 1}, data=b"x")
    assert r.status_code == 400
    assert cdn.fetch(content["id"]).content == b"before"


@pytest.mark.parametrize("cid", ["0", "-5", "abc", "1.5", "9007199254740992", ""])
def test_update_with_a_wrong_id_is_400(node, cid):
    assert http("PUT", node + "/update/", params={"id": cid}, data=b"x").status_code == 400


def test_update_with_the_current_stamp_again_answers_as_the_first(cdn, node, content):
    stamp = new_stamp()
    first, again = (http("PUT", f"{node}/update/{content['id']}", params={"stamp": stamp}, data=b"x").json()
                    for _ in range(2))
    assert first["stamp"] == again["stamp"] == stamp
    assert cdn.fetch(content["id"]).content == b"x"


def chunked(node, cid, data, *trailers, end=True, query=""):
    """What the node answers to a PUT in two chunks, with trailers."""
    half = len(data) // 2
    body = b"".join(b"%x\r\n%s\r\n" % (len(d), d) for d in (data[:half], data[half:]))
    tail = b"0\r\n" + b"".join(t.encode() + b"\r\n" for t in trailers) + b"\r\n"
    head = f"PUT /update/{cid}?stamp={new_stamp()}{query} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    return raw(node, head.encode() + body + (tail if end else b""), half_close=not end)


def test_time_behind_a_chunked_body(cdn, node, content):
    got = chunked(node, content["id"], b"bytes" * 1000, "X-Mtime: 1500000000.123456789", "X-Durable: 1", query="&mtime=5.000000000&durable=0")
    assert status_of(got) == 200
    record = cdn.record(content["id"])
    assert record["mtime"] == [1500000000, 123456789] and record["size"] == 5000


@pytest.mark.parametrize("trailer", ["X-Mtime: soon", "X-Durable: 2", "X-Mtime: "])
def test_a_wrong_trailer_is_400(cdn, node, content, trailer):
    before = cdn.record(content["id"])
    assert status_of(chunked(node, content["id"], b"bytes", trailer)) == 400
    assert cdn.record(content["id"]) == before


def test_a_chunked_body_without_its_end_is_nothing(cdn, node, content):
    before = cdn.record(content["id"])
    chunked(node, content["id"], b"bytes" * 1000, "X-Durable: 1", end=False)
    assert cdn.record(content["id"]) == before


def test_update_without_length_is_411(cdn, node, content):
    got = raw(node, f"PUT /update/{content['id']} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert status_of(got) == 411


def test_readers_of_the_old_version_read_it_to_its_end(cdn):
    old = secrets.token_bytes(20_000_000)
    cid = cdn.store(old, node="node1")["id"]
    import requests
    with requests.get(f"{cdn.base('node1')}/retrieve/{cid}", stream=True, timeout=60) as r:
        got = r.raw.read(1000)
        by_path(cdn.base("node1"), cid, b"new")
        got += r.raw.read()
    assert hashlib.sha256(got).digest() == hashlib.sha256(old).digest()


def test_delete_of_an_unknown_content_is_404(node):
    assert http("DELETE", node + "/delete/999999999").status_code == 404


@pytest.mark.parametrize("cid", ["0", "-1", "x", "9007199254740992"])
def test_delete_of_a_wrong_id_is_400(node, cid):
    assert http("DELETE", f"{node}/delete/{cid}").status_code == 400


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"5", b"{}", b'{"blobs": 5}', b'{"blobs": [5]}', b'{"blobs": ["x"]}',
                                  b'{"blobs": ["../../etc/passwd"]}', b'{"blobs": ["1.0.zzzz"]}', b'{"blobs": [null]}',
                                  b'{"blobs": ["1.0.' + b"1" * 17 + b'"]}', b'{"blobs": [' + b"[" * 50 + b"]" * 50 + b"]}"])
def test_a_wrong_reclaim_is_400(node, body):
    assert http("POST", node + "/reclaim/", data=body).status_code == 400


def test_reclaim_of_more_than_a_thousand_is_refused(node):
    r = http("POST", node + "/reclaim/", json={"blobs": [f"9{i}.0.{new_stamp()}" for i in range(1001)]})
    assert r.status_code in (400, 413)


def test_many_uploads_at_once(new_cdn, driver):
    from concurrent.futures import ThreadPoolExecutor
    c = new_cdn(driver)
    data = {f"n{i}": secrets.token_bytes(20_000 + i) for i in range(60)}
    with ThreadPoolExecutor(12) as pool:
        ids = dict(zip(data, pool.map(lambda kv: c.store(kv[1], kv[0])["id"], data.items())))
    assert len(set(ids.values())) == 60
    assert all(c.fetch(ids[n]).content == data[n] for n in data)
    for n in c.node_names:
        c.check_account(n)
