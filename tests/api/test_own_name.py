"""`.cdnfs` in the root is every mount's own: nothing in the CDN gets that name there, by any door."""
import pytest

from cluster import http, new_stamp

OWN = ".cdnfs"
ROOT = 1


def names(c):
    return [e["name"] for e in http("GET", c.url + "/files/").json()["entries"]]


def test_a_content_of_that_name_gets_its_id_behind_it(cdn):
    stored = cdn.store(b"x", name=OWN)
    assert f"{OWN}~{stored['id']}" in names(cdn) and OWN not in names(cdn)
    assert cdn.fetch(stored["id"]).content == b"x"
    assert cdn.record(stored["id"])["filename"] == OWN
    assert http("GET", f"{cdn.url}/files/{OWN}~{stored['id']}").status_code == 307


def test_a_content_that_is_given_that_name_too(cdn):
    stored = cdn.store(b"x", name="renamed-later")
    r = http("PUT", f"{cdn.url}/content/{stored['id']}", json={"filename": OWN})
    assert r.status_code == 200, r.text
    assert f"{OWN}~{stored['id']}" in names(cdn) and OWN not in names(cdn)


def test_an_upload_to_that_path_is_refused(cdn):
    r = http("PUT", f"{cdn.url}/files/{OWN}", data=b"x")
    assert r.status_code == 409 and OWN in r.json()["message"]
    r = http("PUT", f"{cdn.base('node1')}/store/", params={"path": f"/{OWN}", "stamp": new_stamp()}, data=b"x")
    assert r.status_code == 409
    assert OWN not in names(cdn)
    assert http("GET", f"{cdn.url}/files/{OWN}").status_code == 404


@pytest.mark.parametrize("op", [
    {"op": "create", "mode": 0o644, "uid": 0, "gid": 0},
    {"op": "mkdir", "mode": 0o755, "uid": 0, "gid": 0},
    {"op": "mknod", "mode": 0o010644, "uid": 0, "gid": 0, "rdev": 0},
    {"op": "symlink", "mode": 0o777, "uid": 0, "gid": 0, "target": "x"},
], ids=lambda op: op["op"])
def test_a_batch_cannot_make_it(cdn, op):
    [r] = cdn.fs({"dir": ROOT, "name": OWN, **op})
    assert r == {"errno": "EPERM"}
    assert OWN not in names(cdn)


def test_a_batch_cannot_move_or_link_something_there(cdn):
    stored = cdn.store(b"x", name="to-be-moved")
    move = {"op": "rename", "dir": ROOT, "name": "to-be-moved", "todir": ROOT, "toname": OWN}
    for flags in ("", "noreplace", "exchange"):
        assert cdn.fs({**move, "flags": flags}) == [{"errno": "EPERM"}]
    assert cdn.fs({"op": "link", "id": stored["id"], "dir": ROOT, "name": OWN}) == [{"errno": "EPERM"}]
    assert "to-be-moved" in names(cdn) and OWN not in names(cdn)


def test_elsewhere_it_is_a_name_like_others(cdn):
    [r] = cdn.fs({"op": "mkdir", "dir": ROOT, "name": f"folder{new_stamp()}", "mode": 0o755, "uid": 0, "gid": 0})
    [r] = cdn.fs({"op": "mkdir", "dir": r["attr"]["id"], "name": OWN, "mode": 0o755, "uid": 0, "gid": 0})
    assert r["attr"]["id"] > 1
    for name in (OWN + "2", ".cdnf"):
        [r] = cdn.fs({"op": "create", "dir": ROOT, "name": name, "mode": 0o644, "uid": 0, "gid": 0})
        assert "attr" in r
