"""node: store/, update/, delete/, stats/, reclaim/, sync/, health."""
import json
import secrets
import subprocess
import time

import pytest

from cluster import etag_of, http, new_stamp, wait_for


@pytest.fixture
def store(cdn):
    return cdn.base("node1") + "/store/"


@pytest.fixture
def name():
    return secrets.token_hex(8)


def put(cdn, path, data, node="node1", **kw):
    return http("PUT", f"{cdn.base(node)}/{path}", data=data, **kw)


def in_tree(cdn, name):
    """The id that stands under this name in the root."""
    r = cdn.fs({"op": "lookup", "dir": 1, "name": name})[0]
    return r["attr"]["id"] if "attr" in r else r["errno"]


# store/

@pytest.mark.parametrize("slash", ["", "/"])
def test_store_of_a_form(cdn, name, slash):
    r = http("POST", cdn.base("node1") + "/store" + slash, files={"file": (name, b"abc")})
    assert r.status_code == 200
    cid = r.json()["id"]
    assert r.json() == {"id": cid, "message": f"Content successfully uploaded. ID: {cid}"}
    assert cdn.fetch(cid).content == b"abc"
    assert in_tree(cdn, name) == cid


def test_store_of_a_raw_body(cdn, store, name):
    r = http("POST", store, params={"filename": name}, data=b"raw bytes")
    assert cdn.fetch(r.json()["id"]).content == b"raw bytes"
    assert cdn.record(r.json()["id"])["filename"] == name


def test_store_of_a_chunked_body(cdn, store, name):
    r = http("POST", store, params={"filename": name}, data=(b"x" * 50_000 for _ in range(20)))
    assert r.status_code == 200
    assert cdn.fetch(r.json()["id"]).content == b"x" * 1_000_000


def test_the_curl_example_of_the_readme(cdn, tmp_path):
    photo = tmp_path / f"{secrets.token_hex(6)}.jpg"
    photo.write_bytes(secrets.token_bytes(100_000))
    uri = json.loads(subprocess.check_output(["curl", "-fs", cdn.url + "/store/"]))["uri"]
    answer = json.loads(subprocess.check_output(["curl", "-fs", "-F", f"file=@{photo}", uri]))
    assert in_tree(cdn, photo.name) == answer["id"]
    assert subprocess.check_output(["curl", "-fsL", f"{cdn.url}/files/{photo.name}"]) == photo.read_bytes()
    assert cdn.record(answer["id"])["content_type"] == "image/jpeg"


def test_a_file_name_loses_its_folders(cdn, name):
    cid = cdn.store(b"x", f"C:\\docs/../../etc/{name}")["id"]
    assert cdn.record(cid)["filename"] == name


def test_store_with_a_path(cdn, store, name):
    cdn.fs({"op": "mkdir", "dir": 1, "name": name, "mode": 0o755, "uid": 0, "gid": 0})
    cid = http("POST", store, params={"path": f"/{name}/leaf"}, data=b"x").json()["id"]
    assert cdn.files(f"{name}/leaf").headers["location"].endswith(f"/retrieve/{cid}")


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_store_over_a_path_replaces(cdn, store, name, method):
    first = http(method, store, params={"path": "/" + name}, data=b"one").json()["id"]
    second = http(method, store, params={"path": "/" + name}, data=b"two").json()["id"]
    assert first == second
    assert cdn.fetch(first).content == b"two"


def test_store_without_a_parent_is_404(cdn, store):
    assert http("POST", store, params={"path": "/no/such/leaf"}, data=b"x").status_code == 404


def test_store_over_a_directory_is_409(cdn, store, name):
    cdn.fs({"op": "mkdir", "dir": 1, "name": name, "mode": 0o755, "uid": 0, "gid": 0})
    assert http("POST", store, params={"path": "/" + name}, data=b"x").status_code == 409


def test_put_store_needs_a_path(store):
    r = http("PUT", store, data=b"x")
    assert r.status_code == 400
    assert "path" in r.json()["message"]


def test_a_repeat_with_its_stamp_is_one_content(cdn, store, name):
    stamp = new_stamp()
    first, again = (http("POST", store, params={"filename": name, "stamp": stamp}, data=b"x").json() for _ in range(2))
    assert first["stamp"] == stamp
    assert again["id"] == first["id"]
    assert cdn.check_account("node1")


def test_a_right_checksum_is_accepted(store):
    r = http("POST", store, data=b"abc", headers={"X-Content-XXH128": etag_of(b"abc")})
    assert r.status_code == 200


def test_a_wrong_checksum_is_422_and_nothing_stays(cdn, store, name):
    before = cdn.stats("node1")["storage"]
    r = http("POST", store, params={"filename": name}, data=b"abc", headers={"X-Content-XXH128": etag_of(b"abd")})
    assert r.status_code == 422
    assert in_tree(cdn, name) == "ENOENT"
    assert cdn.check_account("node1")["storage"] == before


def test_mtime_is_kept_to_the_nanosecond(cdn, store):
    r = http("POST", store, params={"mtime": "1234567890.123456789"}, data=b"x")
    assert cdn.record(r.json()["id"])["mtime"] == [1234567890, 123456789]


@pytest.mark.parametrize("durable", ["0", "1"])
def test_durable_or_not_it_is_stored(cdn, store, durable):
    r = http("POST", store, params={"durable": durable}, data=b"abc")
    assert cdn.fetch(r.json()["id"]).content == b"abc"


# update/

@pytest.fixture
def stored(cdn, name):
    return cdn.store(b"before", name, node="node1")


@pytest.mark.parametrize("session", ["", "a-mount"])
def test_a_mounts_write_changed_the_file_when_it_was_made(cdn, stored, session):
    """Not when it was stored, which is later; of others mtime says nothing about the time of the change."""
    at = time.time_ns()
    text = f"{at // 10**9}.{at % 10**9:09}"
    r = http("PUT", f"{cdn.node_url(1)}/update/{stored['id']}", params={"mtime": text, "stamp": new_stamp()}, data=b"x",
             headers={"X-Session": session} if session else {})
    assert r.status_code == 200
    changed = cdn.record(stored["id"])["ctime"]
    assert (changed == [at // 10**9, at % 10**9]) == bool(session)


@pytest.mark.parametrize("way", ["path", "path/", "query", "form"])
def test_update_takes_the_id(cdn, stored, way):
    cid = stored["id"]
    base = cdn.base("node1") + "/update"
    file = {"file": ("new.txt", b"after")}
    r = {"path": lambda: http("PUT", f"{base}/{cid}", files=file),
         "path/": lambda: http("PUT", f"{base}/{cid}/", files=file),
         "query": lambda: http("PUT", base, params={"id": cid}, files=file),
         "form": lambda: http("PUT", base + "/", data={"id": str(cid)}, files=file)}[way]()
    assert r.status_code == 200, r.text
    assert r.json() == {"id": cid, "message": f"Content successfully updated. ID: {cid}"}
    assert cdn.fetch(cid).content == b"after"


def test_store_with_a_stamp_answers_what_is_new(cdn, store, name):
    body = http("POST", store, params={"filename": name, "stamp": "0000000000abcdef"}, data=b"abc").json()
    assert (body["etag"], body["stamp"], body["size"]) == (etag_of(b"abc"), "0000000000abcdef", 3)


def test_update_with_a_stamp_answers_what_is_new(cdn, stored):
    body = put(cdn, f"update/{stored['id']}?stamp=00000000deadbeef", b"after").json()
    record = cdn.record(stored["id"])
    assert {k: body[k] for k in ("etag", "stamp", "size", "mtime", "ctime")} == {
        k: record[k] for k in ("etag", "stamp", "size", "mtime", "ctime")}
    assert (body["etag"], body["size"], body["stamp"]) == (etag_of(b"after"), 5, "00000000deadbeef")


def test_update_renames_to_the_new_file_name(cdn, stored, name):
    http("PUT", f"{cdn.base('node1')}/update/{stored['id']}", files={"file": (name + ".new", b"x")})
    assert cdn.record(stored["id"])["filename"] == name + ".new"


def test_update_without_a_file_name_keeps_it(cdn, stored, name):
    put(cdn, f"update/{stored['id']}", b"x")
    assert cdn.record(stored["id"])["filename"] == name


def test_update_on_another_node_moves_the_content(cdn, stored):
    cid = stored["id"]
    assert put(cdn, f"update/{cid}", b"moved", node="node2").status_code == 200
    assert http("GET", f"{cdn.url}/retrieve/{cid}").json()["uri"] == cdn.base("node2")
    assert cdn.fetch(cid).content == b"moved"
    wait_for("the old copy goes", lambda: not [p for p in cdn.live_files("node1") if p.name.startswith(f"{cid}.")])
    cdn.check_account("node1")


def test_the_version_before_can_still_be_read(cdn, stored):
    """Who has the file open goes on reading what he opened."""
    cid = stored["id"]
    put(cdn, f"update/{cid}", b"after")
    r = http("GET", f"{cdn.base('node1')}/retrieve/{cid}", params={"stamp": stored["stamp"]})
    assert r.content == b"before"


def test_update_with_another_id_in_the_form_is_400(cdn, stored):
    r = http("PUT", f"{cdn.base('node1')}/update/{stored['id']}", data={"id": "999"}, files={"file": ("x", b"x")})
    assert r.status_code == 400
    assert cdn.fetch(stored["id"]).content == b"before"


@pytest.mark.parametrize("form", [False, True])
def test_update_without_an_id_is_400(cdn, form):
    r = http("PUT", cdn.base("node1") + "/update/", **({"files": {"file": ("x", b"x")}} if form else {"data": b"x"}))
    assert r.status_code == 400
    assert "id" in r.json()["message"]


def test_update_of_an_unknown_content_is_404_and_nothing_stays(cdn):
    before = cdn.stats("node1")["storage"]
    assert put(cdn, "update/999999999", b"x").status_code == 404
    assert cdn.check_account("node1")["storage"] == before


def test_update_with_a_wrong_checksum_keeps_the_content(cdn, stored):
    r = put(cdn, f"update/{stored['id']}", b"x", headers={"X-Content-XXH128": "0" * 32})
    assert r.status_code == 422
    assert cdn.fetch(stored["id"]).content == b"before"


# delete/

@pytest.mark.parametrize("slash", ["", "/"])
def test_delete_takes_the_record_and_the_bytes(cdn, stored, slash):
    cid = stored["id"]
    r = http("DELETE", f"{cdn.base('node1')}/delete/{cid}{slash}")
    assert r.status_code == 200
    assert r.json() == {"id": cid, "message": f"Content successfully deleted. ID: {cid}"}
    assert http("GET", f"{cdn.url}/content/{cid}").status_code == 404
    assert http("GET", f"{cdn.base('node1')}/retrieve/{cid}").status_code == 404
    assert not [p for p in cdn.live_files("node1") if p.name.startswith(f"{cid}.")]
    cdn.check_account("node1")


def test_delete_through_another_node(cdn, stored):
    cid = stored["id"]
    assert http("DELETE", f"{cdn.base('node3')}/delete/{cid}").status_code == 200
    wait_for("the bytes go", lambda: not [p for p in cdn.live_files("node1") if p.name.startswith(f"{cid}.")])


def test_delete_at_dist_takes_the_bytes(cdn, stored):
    cid = stored["id"]
    assert http("DELETE", f"{cdn.url}/content/{cid}").status_code == 200
    wait_for("the bytes go", lambda: not [p for p in cdn.live_files("node1") if p.name.startswith(f"{cid}.")])


def test_delete_twice_is_404(cdn, stored):
    url = f"{cdn.base('node1')}/delete/{stored['id']}"
    assert [http("DELETE", url).status_code for _ in range(2)] == [200, 404]


# the rest

@pytest.mark.parametrize("slash", ["", "/"])
def test_stats_has_the_specified_figures(new_cdn, slash):
    c = new_cdn(nodes=1, max_storage="100M")
    c.store(b"x" * 1_234_567)
    s = http("GET", c.base("node1") + "/stats" + slash).json()
    assert (s["storage"], s["max_storage"]) == (1_234_567, 100_000_000)
    assert s["storagep"] == pytest.approx(1.234567)
    assert 1_000_000 < s["memory"] < 1_000_000_000
    assert (s["reserved"], s["trash"], s["contents"], s["free"]) == (0, 0, 1, 100_000_000 - 1_234_567)


def test_stats_counts_what_is_trash(new_cdn):
    c = new_cdn(nodes=1)
    cid = c.store(b"x" * 1000)["id"]
    http("DELETE", f"{c.base('node1')}/delete/{cid}")
    s = c.stats("node1")
    assert (s["storage"], s["trash"], s["contents"]) == (0, 1000, 0)


def test_reclaim_counts_what_it_does_not_know(cdn):
    r = http("POST", cdn.base("node1") + "/reclaim/", json={"blobs": ["9007199254740000.0." + new_stamp()]})
    assert (r.status_code, r.json()) == (200, {"reclaimed": 1})


def test_reclaim_takes_exactly_that_version(new_cdn):
    c = new_cdn(nodes=1)
    gone, stays = (c.store(b"abc", f"f{i}") for i in range(2))
    r = http("POST", c.base("node1") + "/reclaim/", json={"blobs": [f"{gone['id']}.0.{gone['stamp']}"]})
    assert r.json() == {"reclaimed": 1}
    assert [p.name for p in c.live_files("node1")] == [f"{stays['id']}.0.{stays['stamp']}"]


def test_sync_says_ok(cdn):
    assert http("POST", cdn.base("node1") + "/sync/").status_code == 200


@pytest.mark.parametrize("path", ["/stats/", "/health"])
def test_head_answers_as_get_without_a_body(cdn, path):
    r = http("HEAD", cdn.base("node1") + path)
    assert (r.status_code, r.content) == (200, b"")
    assert int(r.headers["content-length"]) > 0


@pytest.mark.parametrize("path", ["/", "/nothing", "/store/1", "/retrieve/", "/retrieve/1/2", "/stats/x", "//stats"])
def test_an_unknown_path_is_404(cdn, path):
    r = http("GET", cdn.base("node1") + path)
    assert r.status_code == 404
    assert r.json()["message"]


@pytest.mark.parametrize("method,path,allow", [
    ("GET", "/store/", {"POST", "PUT"}), ("DELETE", "/store/", {"POST", "PUT"}), ("POST", "/update/1", {"PUT", "PATCH"}),
    ("GET", "/delete/1", {"DELETE"}), ("DELETE", "/retrieve/1", {"GET", "HEAD"}), ("POST", "/stats/", {"GET", "HEAD"}),
    ("GET", "/reclaim/", {"POST"}), ("GET", "/sync/", {"POST"}), ("PATCH", "/health", {"GET", "HEAD"})])
def test_another_method_is_405_with_allow(cdn, method, path, allow):
    r = http(method, cdn.base("node1") + path)
    assert r.status_code == 405
    assert {m.strip() for m in r.headers["allow"].split(",")} == allow
    assert r.json()["message"]


def test_request_id_is_taken_over(cdn):
    r = http("GET", cdn.base("node1") + "/stats/", headers={"X-Request-Id": "abc-123"})
    assert r.headers["x-request-id"] == "abc-123"
