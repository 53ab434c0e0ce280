"""dist: content/, the register."""
import datetime
import secrets

import pytest

from cluster import etag_of, http, new_stamp


def post(cdn, expect=201, **body):
    r = http("POST", cdn.url + "/content/", json=body)
    assert r.status_code == expect, r.text
    return r.json()


def put(cdn, cid, expect=200, **body):
    r = http("PUT", f"{cdn.url}/content/{cid}", json=body)
    assert r.status_code == expect, r.text
    return r.json()


@pytest.mark.parametrize("path", ["/content", "/content/"])
def test_post_creates_a_record(cdn, path):
    r = http("POST", cdn.url + path, json={"filename": "made-by-hand", "size": 5, "uri": cdn.base("node1")})
    assert r.status_code == 201
    assert r.json()["filename"] == "made-by-hand"
    assert r.json()["size"] == 5
    assert r.json()["uri"] == cdn.base("node1")


def test_get_shows_the_specified_fields(cdn):
    cid = cdn.store(b"abc", "spec.txt", node="node2")["id"]
    c = cdn.record(cid)
    assert {k: c[k] for k in ("id", "filename", "size", "uri", "status")} == {
        "id": cid, "filename": "spec.txt", "size": 3, "uri": cdn.base("node2"), "status": "OK"}


def test_created_date_is_now_in_utc_with_microseconds(cdn):
    c = cdn.record(cdn.store(b"abc")["id"])
    made = datetime.datetime.strptime(c["created_date"], "%Y-%m-%dT%H:%M:%S.%f%z")
    assert c["created_date"].endswith("+00:00")
    assert abs((datetime.datetime.now(datetime.timezone.utc) - made).total_seconds()) < 60


def test_record_carries_what_goes_beyond_the_specification(cdn):
    data = secrets.token_bytes(100)
    up = http("POST", cdn.base("node1") + "/store/", data=data, headers={"Content-Type": "image/png"},
              params={"filename": "x", "stamp": "00000000000beef5"}).json()
    c = cdn.record(up["id"])
    assert c["etag"] == etag_of(data)
    assert c["stamp"] == up["stamp"] == "00000000000beef5"
    assert c["content_type"] == "image/png"
    assert c["node"] == "node1"
    assert len(c["mtime"]) == len(c["ctime"]) == 2


def test_get_of_an_unknown_content_is_404(cdn):
    assert http("GET", cdn.url + "/content/999999999").status_code == 404


def test_ids_rise(cdn):
    ids = [cdn.store(b"x")["id"] for _ in range(3)]
    assert ids == sorted(set(ids))


def test_filename_may_be_null(cdn):
    c = post(cdn, filename=None, size=0, uri=cdn.base("node1"))
    assert cdn.record(c["id"])["filename"] is None


def test_size_defaults_to_zero(cdn):
    assert post(cdn, filename="sizeless", uri=cdn.base("node1"))["size"] == 0


def test_a_record_without_bytes_has_no_uri(cdn):
    made = cdn.fs({"op": "create", "dir": 1, "name": "nobody-" + secrets.token_hex(4), "mode": 0o644, "uid": 0,
                   "gid": 0})[0]
    assert cdn.record(made["attr"]["id"])["uri"] is None


def test_a_stamp_is_registered_once(cdn):
    stamp = new_stamp()
    body = {"filename": "once", "size": 3, "uri": cdn.base("node1"), "stamp": stamp, "etag": etag_of(b"abc")}
    first = post(cdn, **body)
    again = post(cdn, expect=200, **body)
    assert again["id"] == first["id"]


def test_list_by_stamp_has_one(cdn):
    up = cdn.store(b"stamped")
    r = http("GET", cdn.url + "/content/", params={"stamp": up["stamp"]})
    assert [c["id"] for c in r.json()] == [up["id"]]


def test_list_by_an_unknown_stamp_is_empty(cdn):
    assert http("GET", cdn.url + "/content/", params={"stamp": new_stamp()}).json() == []


@pytest.mark.parametrize("stamp", ["", "1", "g" * 16, "0" * 17, "../../../../../x"])
def test_list_by_a_wrong_stamp_is_400(cdn, stamp):
    assert http("GET", cdn.url + "/content/", params={"stamp": stamp}).status_code == 400


def test_list_pages_through_everything_once(new_cdn, driver):
    c = new_cdn(driver, nodes=1)
    ids = [c.store(b"x", f"f{i}")["id"] for i in range(7)]
    seen, after = [], 0
    while page := http("GET", c.url + "/content/", params={"limit": 3, "after": after}).json():
        assert len(page) <= 3
        seen += [r["id"] for r in page]
        after = seen[-1]
    assert seen == ids


def test_list_has_a_hundred_by_default(new_cdn):
    c = new_cdn(nodes=1)
    c.fs(*({"op": "create", "dir": 1, "name": f"f{i}", "mode": 0o644, "uid": 0, "gid": 0} for i in range(120)))
    assert len(http("GET", c.url + "/content/").json()) == 100
    assert len(http("GET", c.url + "/content/", params={"limit": 1000}).json()) == 120


@pytest.mark.parametrize("params", [{"limit": "0"}, {"limit": "1001"}, {"limit": "-1"}, {"limit": "x"},
                                    {"after": "-1"}, {"after": "x"}, {"after": "9007199254740992"}, {"limit": ""}])
def test_list_refuses_wrong_pages(cdn, params):
    assert http("GET", cdn.url + "/content/", params=params).status_code == 400


def test_put_changes_what_is_given_and_nothing_else(cdn):
    cid = cdn.store(b"abc", "before.txt")["id"]
    before = cdn.record(cid)
    put(cdn, cid, filename="after.txt")
    after = cdn.record(cid)
    assert after["filename"] == "after.txt"
    assert {k: after[k] for k in ("size", "uri", "etag", "stamp", "created_date")} == {
        k: before[k] for k in ("size", "uri", "etag", "stamp", "created_date")}


def test_put_renames_in_the_tree(cdn):
    old, new = secrets.token_hex(8), secrets.token_hex(8)
    cid = cdn.store(b"abc", old)["id"]
    put(cdn, cid, filename=new)
    assert cdn.files(old).status_code == 404
    assert cdn.files(new).headers["location"].endswith(f"/retrieve/{cid}")


def test_put_tells_the_version_it_replaced(cdn):
    up = cdn.store(b"abc", node="node1")
    stamp = new_stamp()
    c = put(cdn, up["id"], size=4, uri=cdn.base("node2"), stamp=stamp, etag=etag_of(b"abcd"), node="node2")
    assert c["previous"] == {"node": "node1", "uri": cdn.base("node1"), "stamp": up["stamp"]}
    assert c["stamp"] == stamp


def test_put_of_an_unknown_content_is_404(cdn):
    put(cdn, 999999999, expect=404, filename="x")


WRONG = [
    {"filename": 5}, {"filename": ["a"]}, {"filename": {}}, {"filename": "x" * 5000},
    {"size": -1}, {"size": "5"}, {"size": 1.5}, {"size": 9007199254740992}, {"size": 1e300}, {"size": None, "uri": 5},
    {"uri": "not a url"}, {"uri": "ftp://host"}, {"uri": "http://"}, {"uri": "http://h:99999"}, {"uri": 7},
    {"uri": "http://host/path"}, {"uri": "http://" + "h" * 3000}, {"stamp": "xyz"}, {"stamp": 5}, {"etag": "short"},
    {"etag": 1}, {"content_type": 9}, {"content_type": "x" * 300}, {"mtime": "now"}, {"mtime": [1]},
    {"mtime": [1, 1000000000]}, {"mtime": [1, -1]}, {"node": 3}, {"durable": "yes"}, {"name": "%0"}, {"path": 5},
]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda w: str(w)[:40])
def test_post_refuses_a_wrong_field(cdn, wrong):
    body = {"filename": "w", "size": 1, "uri": cdn.base("node1"), **wrong}
    r = http("POST", cdn.url + "/content/", json=body)
    assert r.status_code in (400, 422), r.text
    assert r.json()["message"]


@pytest.mark.parametrize("wrong", [w for w in WRONG if "path" not in w], ids=lambda w: str(w)[:40])
def test_put_refuses_a_wrong_field_and_changes_nothing(cdn, wrong):
    cid = cdn.store(b"abc", "steady")["id"]
    before = cdn.record(cid)
    r = http("PUT", f"{cdn.url}/content/{cid}", json=wrong)
    assert r.status_code in (400, 422), r.text
    assert cdn.record(cid) == before


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"5", b'"x"', b"\xff\xfe", b'{"size": 1}x',
                                  b"{'a': 1}"])
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_body_that_is_no_json_object_is_400(cdn, method, body):
    url = cdn.url + "/content/" + (str(cdn.store(b"x")["id"]) if method == "PUT" else "")
    r = http(method, url, data=body, headers={"Content-Type": "application/json"})
    assert r.status_code == 400, r.text
    assert r.json()["message"]


def test_an_unknown_node_is_422(cdn):
    r = http("POST", cdn.url + "/content/", json={"filename": "x", "size": 1, "uri": "http://192.0.2.1:9",
                                                  "node": "nobody"})
    assert r.status_code == 422, r.text


def test_post_with_a_path_stores_there(cdn):
    name = secrets.token_hex(6)
    cdn.fs({"op": "mkdir", "dir": 1, "name": name, "mode": 0o755, "uid": 0, "gid": 0})
    c = post(cdn, filename="leaf", size=1, uri=cdn.base("node1"), path=f"/{name}/leaf")
    assert cdn.files(f"{name}/leaf").headers["location"].endswith(f"/retrieve/{c['id']}")


def test_post_with_a_path_without_parent_is_404(cdn):
    post(cdn, expect=404, filename="leaf", size=1, uri=cdn.base("node1"), path="/no/such/folder")


def test_post_with_the_path_of_a_directory_is_409(cdn):
    name = secrets.token_hex(6)
    cdn.fs({"op": "mkdir", "dir": 1, "name": name, "mode": 0o755, "uid": 0, "gid": 0})
    post(cdn, expect=409, filename="leaf", size=1, uri=cdn.base("node1"), path="/" + name)


def test_a_body_beyond_four_mebibytes_is_413(cdn):
    r = http("POST", cdn.url + "/content/", data=b'{"filename": "' + b"x" * (4 << 20) + b'"}')
    assert r.status_code == 413


def test_delete_tells_where_the_bytes_are(cdn):
    up = cdn.store(b"abc", node="node2")
    r = http("DELETE", f"{cdn.url}/content/{up['id']}")
    assert r.status_code == 200
    body = r.json()
    assert body.pop("message") == f"Content successfully deleted. ID: {up['id']}"
    assert body == {"id": up["id"], "node": "node2", "uri": cdn.base("node2"), "stamp": up["stamp"]}


def test_a_deleted_record_is_gone_from_every_door(cdn):
    name = secrets.token_hex(8)
    cid = cdn.store(b"abc", name)["id"]
    http("DELETE", f"{cdn.url}/content/{cid}")
    assert http("GET", f"{cdn.url}/content/{cid}").status_code == 404
    assert http("GET", f"{cdn.url}/retrieve/{cid}").status_code == 404
    assert cdn.files(name).status_code == 404
    assert cdn.fs({"op": "getattr", "id": cid})[0] == {"errno": "ENOENT"}


def test_delete_of_an_unknown_content_is_404(cdn):
    assert http("DELETE", cdn.url + "/content/999999999").status_code == 404


def test_an_upload_stands_in_the_root_under_its_name(cdn):
    name = secrets.token_hex(8) + ".jpg"
    cid = cdn.store(b"abc", name)["id"]
    assert cdn.fs({"op": "lookup", "dir": 1, "name": name})[0]["attr"]["id"] == cid


def test_a_taken_name_gets_its_id(cdn):
    name = secrets.token_hex(8)
    first, second = (cdn.store(b"abc", name)["id"] for _ in range(2))
    assert first != second
    assert cdn.fs({"op": "lookup", "dir": 1, "name": f"{name}~{second}"})[0]["attr"]["id"] == second


@pytest.mark.parametrize("filename", ["a/b", "..", ".", "/etc/passwd"])
def test_a_filename_never_becomes_a_path(cdn, filename):
    cid = post(cdn, filename=filename, size=0, uri=cdn.base("node1"))["id"]
    assert cdn.record(cid)["filename"] == filename
    entries = cdn.fs({"op": "readdir", "dir": 1, "after": "", "limit": 16384})[0]["entries"]
    names = [e["name"] for e in entries if e["attr"]["id"] == cid]
    assert len(names) == 1
    assert "/" not in names[0] and names[0] not in (".", "..")


def test_without_a_name_the_id_is_the_name(cdn):
    cid = http("POST", cdn.base("node1") + "/store/", data=b"abc").json()["id"]
    assert cdn.fs({"op": "lookup", "dir": 1, "name": str(cid)})[0]["attr"]["id"] == cid
