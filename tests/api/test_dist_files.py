"""dist: files/PATH, the tree by path."""
import secrets
import subprocess
import urllib.parse

import pytest

from cluster import http


@pytest.fixture
def folder(cdn):
    """The name of a new directory in the root."""
    name = "d" + secrets.token_hex(8)
    cdn.fs({"op": "mkdir", "dir": 1, "name": name, "mode": 0o755, "uid": 0, "gid": 0})
    return name


def upload(cdn, path, data):
    """PUT, and follows the redirect as curl -L does."""
    r = cdn.files(urllib.parse.quote(path), "PUT", data=data)
    assert r.status_code == 307, r.text
    return http("PUT", r.headers["location"], data=data)


def test_put_redirects_the_upload_to_a_node(cdn, folder):
    r = cdn.files(f"{folder}/a", "PUT", data=b"x")
    assert r.status_code == 307
    assert r.headers["location"].startswith(tuple(cdn.base(n) for n in cdn.node_names))


def test_what_was_put_is_got(cdn, folder):
    assert upload(cdn, f"{folder}/a.txt", b"hello").status_code == 200
    r = http("GET", f"{cdn.url}/files/{folder}/a.txt", allow_redirects=True)
    assert r.content == b"hello"


def test_curl_location_puts_and_gets(cdn, folder, tmp_path):
    (tmp_path / "in").write_bytes(secrets.token_bytes(300_000))
    url = f"{cdn.url}/files/{folder}/by%20curl"
    subprocess.run(["curl", "-fsSL", "-T", tmp_path / "in", "-o", "/dev/null", url], check=True)
    subprocess.run(["curl", "-fsSL", "-o", tmp_path / "out", url], check=True)
    assert (tmp_path / "out").read_bytes() == (tmp_path / "in").read_bytes()


def test_put_replaces_the_file_and_keeps_its_id(cdn, folder):
    first = upload(cdn, f"{folder}/a", b"one").json()["id"]
    assert upload(cdn, f"{folder}/a", b"two").json()["id"] == first
    assert http("GET", f"{cdn.url}/files/{folder}/a", allow_redirects=True).content == b"two"


def test_put_without_a_parent_is_404(cdn):
    assert cdn.files("no/such/place", "PUT", data=b"x").status_code == 404


def test_put_on_a_directory_is_409(cdn, folder):
    assert cdn.files(folder, "PUT", data=b"x").status_code == 409


def test_put_below_a_file_is_404(cdn, folder):
    upload(cdn, f"{folder}/a", b"x")
    assert cdn.files(f"{folder}/a/b", "PUT", data=b"x").status_code == 404


def test_put_with_no_node_up_is_503(new_cdn):
    c = new_cdn(nodes=1)
    c.kill("node1")
    c.wait_down("node1")
    assert c.files("x", "PUT", data=b"x").status_code == 503


def test_put_too_large_is_507(new_cdn):
    c = new_cdn(nodes=1, max_storage="1M")
    r = c.files("x", "PUT", data=b"x" * 2_000_000)
    if r.status_code == 307:
        r = http("PUT", r.headers["location"], data=b"x" * 2_000_000)
    assert r.status_code == 507
    assert c.files("x").status_code == 404


def test_get_of_a_file_redirects_to_its_node(cdn, folder):
    cid = upload(cdn, f"{folder}/a", b"x").json()["id"]
    r = cdn.files(f"{folder}/a")
    assert r.status_code == 307
    assert r.headers["location"] == f"{cdn.record(cid)['uri']}/retrieve/{cid}"


def test_head_of_a_file_redirects(cdn, folder):
    upload(cdn, f"{folder}/a", b"x")
    assert http("HEAD", f"{cdn.url}/files/{folder}/a").status_code == 307


def test_get_of_nothing_is_404(cdn, folder):
    r = cdn.files(f"{folder}/nothing")
    assert r.status_code == 404
    assert r.json()["message"]


@pytest.mark.parametrize("slash", ["", "/"])
def test_get_of_a_directory_lists_it(cdn, folder, slash):
    cid = upload(cdn, f"{folder}/a", b"xyz").json()["id"]
    top = cdn.fs({"op": "lookup", "dir": 1, "name": folder})[0]["attr"]["id"]
    cdn.fs({"op": "symlink", "dir": top, "name": "s", "target": "a", "mode": 0o777, "uid": 0, "gid": 0},
           {"op": "mkdir", "dir": top, "name": "d", "mode": 0o755, "uid": 0, "gid": 0},
           {"op": "mknod", "dir": top, "name": "f", "mode": 0o10644, "uid": 0, "gid": 0})
    r = cdn.files(folder + slash).json()
    assert r["path"].strip("/") == folder
    assert r["id"] == top
    assert r["more"] is False
    entries = {e["name"]: e for e in r["entries"]}
    assert {n: e["type"] for n, e in entries.items()} == {
        "a": "file", "s": "symlink", "d": "directory", "f": "other"}
    assert (entries["a"]["id"], entries["a"]["size"], len(entries["a"]["mtime"])) == (cid, 3, 2)


def test_root_is_listed(cdn):
    name = secrets.token_hex(8)
    cdn.store(b"x", name)
    names, after, more = [], "", True
    while more:
        page = cdn.files("", params={"after": after, "limit": 1000}).json()
        names += [e["name"] for e in page["entries"]]
        after, more = names[-1], page["more"]
    assert name in names


def test_a_directory_is_listed_in_pages(cdn, folder):
    top = cdn.fs({"op": "lookup", "dir": 1, "name": folder})[0]["attr"]["id"]
    cdn.fs(*({"op": "mkdir", "dir": top, "name": f"n{i}", "mode": 0o755, "uid": 0, "gid": 0} for i in range(7)))
    seen, after, more = [], "", True
    while more:
        page = cdn.files(folder, params={"limit": 3, "after": after}).json()
        assert len(page["entries"]) <= 3
        seen += [e["name"] for e in page["entries"]]
        after, more = seen[-1], page["more"]
    assert sorted(seen) == [f"n{i}" for i in range(7)]
    assert len(seen) == 7


@pytest.mark.parametrize("params", [{"limit": "0"}, {"limit": "1001"}, {"limit": "x"}, {"limit": "-1"},
                                    {"after": "%zz"}])
def test_wrong_pages_are_400(cdn, folder, params):
    assert cdn.files(folder, params=params).status_code == 400


def test_delete_removes_a_file(cdn, folder):
    upload(cdn, f"{folder}/a", b"x")
    r = cdn.files(f"{folder}/a", "DELETE")
    assert r.status_code == 200
    assert r.json()["message"]
    assert cdn.files(f"{folder}/a").status_code == 404


def test_delete_removes_an_empty_directory(cdn, folder):
    assert cdn.files(folder, "DELETE").status_code == 200
    assert cdn.files(folder).status_code == 404


def test_delete_of_a_full_directory_is_409(cdn, folder):
    upload(cdn, f"{folder}/a", b"x")
    assert cdn.files(folder, "DELETE").status_code == 409
    assert cdn.files(f"{folder}/a").status_code == 307


def test_delete_of_the_root_is_409(cdn):
    assert cdn.files("", "DELETE").status_code == 409


def test_delete_of_nothing_is_404(cdn, folder):
    assert cdn.files(f"{folder}/x", "DELETE").status_code == 404


def test_a_symbolic_link_is_followed(cdn, folder):
    upload(cdn, f"{folder}/a", b"target")
    top = cdn.fs({"op": "lookup", "dir": 1, "name": folder})[0]["attr"]["id"]
    cdn.fs({"op": "symlink", "dir": top, "name": "s", "target": "a", "mode": 0o777, "uid": 0, "gid": 0})
    assert http("GET", f"{cdn.url}/files/{folder}/s", allow_redirects=True).content == b"target"


def test_a_circle_of_links_is_404(cdn, folder):
    top = cdn.fs({"op": "lookup", "dir": 1, "name": folder})[0]["attr"]["id"]
    cdn.fs({"op": "symlink", "dir": top, "name": "a", "target": "b", "mode": 0o777, "uid": 0, "gid": 0},
           {"op": "symlink", "dir": top, "name": "b", "target": "a", "mode": 0o777, "uid": 0, "gid": 0})
    assert cdn.files(f"{folder}/a").status_code == 404


@pytest.mark.parametrize("name", ["with space", "new\nline", "tab\t", "ünïcödé", "日本", "100%", "a?b#c&d", "%41", "\x01",
                                  "back\\slash", "quote\"'", "+plus"])
def test_odd_names_come_back_as_they_were(cdn, folder, name):
    upload(cdn, f"{folder}/{name}", name.encode())
    r = http("GET", f"{cdn.url}/files/{folder}/{urllib.parse.quote(name)}", allow_redirects=True)
    assert r.content == name.encode()


def test_a_name_of_bytes_that_are_not_utf8(cdn, folder):
    r = cdn.files(f"{folder}/%ff%fe", "PUT", data=b"x")
    assert http("PUT", r.headers["location"], data=b"x").status_code == 200
    assert [e["name"] for e in cdn.files(folder).json()["entries"]] == ["%FF%FE"]
    assert http("GET", f"{cdn.url}/files/{folder}/%ff%fe", allow_redirects=True).content == b"x"


@pytest.mark.parametrize("path", ["a/../../etc/passwd", "..", "../x", "a/./b", "%2e%2e/x", "x%00y", "%00", "%zz",
                                  "n" * 256, "d/" * 2100 + "x"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_paths_that_cannot_be_are_refused(cdn, method, path):
    from cluster import raw, status_of
    got = raw(cdn.url, f"{method} /files/{path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode())
    assert status_of(got) in (400, 404, 414), got[:200]
    assert b'"message"' in got
