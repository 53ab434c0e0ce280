"""Signed links: read one path without the token, until a time; and who gets them."""
import hashlib
import hmac
import json
import re
import secrets
import subprocess
import time
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from cluster import BIN, Cluster, http, raw, status_of, wait_for

TOKEN = "s3cret-token"
AUTH = {"Authorization": f"Bearer {TOKEN}"}
WRONG = "signature is wrong"
YEAR = 366 * 86400


def sign(path, expires, token=TOKEN):
    """As docs/protocol.md says."""
    return hmac.new(token.encode(), f"cdn-url-1\n{path}\n{expires}".encode(), hashlib.sha256).hexdigest()


def query(path, expires=None, **changed):
    """What a link has behind its path."""
    expires = str(int(time.time()) + 600 if expires is None else expires)
    return {"expires": expires, "signature": sign(path, expires), **changed}


def guard(tmp, protected, **kw):
    args = ["--protect-reads"] if protected else []
    return Cluster(tmp, env={"CDN_TOKEN": TOKEN}, dist_args=args, node_args=args, **kw)


@pytest.fixture(scope="module", params=[False, True], ids=["open-reads", "protected-reads"])
def guarded(request, tmp_path_factory):
    one = guard(tmp_path_factory.mktemp("cdn"), request.param, nodes=2)
    one.protected = request.param
    yield one
    one.close()


@pytest.fixture(scope="module")
def open_cdn(tmp_path_factory):
    """Without a token."""
    one = Cluster(tmp_path_factory.mktemp("cdn"), nodes=1)
    yield one
    one.close()


class File:
    """A stored file: its id, its URL at the node, its name in the tree."""

    def __init__(self, cdn, node="node1", name=None):
        self.cdn, self.node, self.data = cdn, node, secrets.token_bytes(1000)
        self.name = name or f"f{secrets.token_hex(6)}"
        r = http("PUT", cdn.base(node) + "/store/", params={"path": self.name}, data=self.data, headers=AUTH)
        assert r.status_code == 200, r.text
        self.id = r.json()["id"]
        self.path = f"/retrieve/{self.id}"
        self.url = cdn.base(node) + self.path

    def get(self, params, method="GET", **kw):
        return http(method, self.url, params=params, **kw)


@pytest.fixture
def file(guarded):
    return File(guarded)


def message(r):
    return r.json()["message"]


def test_a_link_reads_without_the_token(file):
    r = file.get(query(file.path))
    assert r.status_code == 200
    assert r.content == file.data


def test_without_anything_it_is_as_ever(guarded, file):
    assert file.get({}).status_code == (401 if guarded.protected else 200)
    assert file.get({}, headers=AUTH).status_code == 200


def test_with_a_slash_at_the_end(file):
    r = http("GET", file.url + "/", params=query(file.path))
    assert r.content == file.data


def test_head(file):
    r = file.get(query(file.path), "HEAD")
    assert (r.status_code, r.headers["content-length"]) == (200, "1000")
    assert file.get(query(file.path, signature="0" * 64), "HEAD").status_code == 403


def test_a_range_and_a_condition(file):
    r = file.get(query(file.path), headers={"Range": "bytes=10-19"})
    assert (r.status_code, r.content) == (206, file.data[10:20])
    r = file.get(query(file.path), headers={"If-None-Match": r.headers["etag"]})
    assert r.status_code == 304


def test_expired(file):
    then = int(time.time()) - 1
    r = file.get(query(file.path, then))
    assert r.status_code == 403
    found = re.fullmatch(r"the link expired at (\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT)", message(r))
    assert found, message(r)
    assert parsedate_to_datetime(found[1]).timestamp() == then


def test_it_expires_while_people_wait(file):
    q = query(file.path, int(time.time()) + 2)
    if time.time() <= int(q["expires"]):
        r = file.get(q)
        assert r.status_code == 200 or time.time() > int(q["expires"])
    wait_for("the end of the link", lambda: file.get(q).status_code == 403)
    assert time.time() >= int(q["expires"]) + 1  # inclusive


def test_another_id(guarded, file):
    other = File(guarded)
    r = other.get(query(file.path))
    assert r.status_code == 403
    assert WRONG in message(r)


@pytest.mark.parametrize("change", [
    {"signature": "0" * 64}, {"signature": ""}, {"signature": None}, {"signature": "x"}, {"signature": "0" * 65},
    {"signature": "0" * 5000}, {"signature": "\xff\n"}, {"expires": None}, {"expires": ""}, {"expires": "9999999999"},
    {"expires": "-1"}, {"expires": "NaN"}, {"expires": "inf"}, {"expires": "1e10"}, {"expires": "0"},
    {"expires": "99999999999999999999999999"}, {"expires": "18446744073709551616"}, {"expires": "0x7fffffff"},
    {"expires": " 9999999999"}, {"expires": "\U0001f600"}], ids=str)
def test_altered(file, change):
    r = file.get({**query(file.path), **change})
    assert r.status_code == 403
    assert WRONG in message(r)


@pytest.mark.parametrize("expires", ["-1", "NaN", "1e10", "", "0", "09999999999", "+9999999999", "9999999999 ",
                                     "99999999999999999999999999", "9" * 5000])
def test_a_time_that_is_none_is_wrong_even_when_signed(file, expires):
    r = file.get(query(file.path, expires))
    assert r.status_code == 403
    assert WRONG in message(r)


def test_each_digit_of_the_signature_counts(file):
    q = query(file.path)
    for i in range(64):
        text = q["signature"]
        flipped = text[:i] + ("1" if text[i] == "0" else "0") + text[i + 1:]
        assert file.get({**q, "signature": flipped}).status_code == 403
    assert file.get({**q, "signature": q["signature"][:63]}).status_code == 403
    if q["signature"] != q["signature"].upper():
        assert file.get({**q, "signature": q["signature"].upper()}).status_code == 403


def test_signed_with_another_token(file):
    q = query(file.path)
    q["signature"] = sign(file.path, q["expires"], "other-token")
    assert file.get(q).status_code == 403


@pytest.mark.parametrize("twice", ["expires", "signature"])
def test_a_parameter_given_twice(file, twice):
    good = query(file.path)
    bad = {"expires": "1", "signature": "0" * 64}
    for pair in ([good[twice], good[twice]], [good[twice], bad[twice]], [bad[twice], good[twice]]):
        r = file.get({**good, twice: pair})
        assert r.status_code == 403
        assert WRONG in message(r)


@pytest.mark.parametrize("value", [b"%zz", b"%", b"%00"])
def test_a_bad_escape_is_400(guarded, file, value):
    r = raw(guarded.base("node1"), b"GET %s?expires=%s&signature=1 HTTP/1.1\r\nHost: x\r\n\r\n"
            % (file.path.encode(), value))
    assert status_of(r) == 400


def test_a_valid_token_suffices(file):
    for q in (query(file.path, 1), query(file.path, signature="0" * 64)):
        assert file.get(q, headers=AUTH).content == file.data


def test_a_valid_link_suffices(file):
    assert file.get(query(file.path), headers={"Authorization": "Bearer wrong"}).content == file.data
    assert file.get(query(file.path), headers={"Authorization": "Basic d2hv"}).content == file.data


def test_nothing_is_changed_by_a_link(guarded, file):
    node, dist = guarded.base("node1"), guarded.url
    for method, base, path in (("DELETE", node, f"/delete/{file.id}"), ("PUT", node, f"/update/{file.id}"),
                               ("POST", node, "/store/"), ("PUT", dist, f"/files/{file.name}"),
                               ("DELETE", dist, f"/files/{file.name}"), ("PUT", dist, f"/content/{file.id}"),
                               ("DELETE", dist, f"/content/{file.id}"), ("POST", dist, "/fs")):
        r = http(method, base + path, params=query(path.rstrip("/")), data=b"x")
        assert r.status_code == 401, (method, path, r.text)
    for method in ("POST", "PUT", "DELETE"):
        assert file.get(query(file.path), method).status_code == 405
    assert file.get(query(file.path)).content == file.data


def test_other_reads_are_not_opened(guarded, file):
    for base, path in ((guarded.url, "/stats"), (guarded.url, "/content"), (guarded.url, f"/content/{file.id}"),
                       (guarded.url, file.path), (guarded.base("node1"), "/stats")):
        assert http("GET", base + path, params=query(path)).status_code == (401 if guarded.protected else 200)


def test_a_link_is_for_the_current_version(guarded, file):
    stamp = http("GET", f"{guarded.url}/content/{file.id}", headers=AUTH).json()["stamp"]
    r = file.get({**query(file.path), "stamp": stamp})
    assert r.status_code == 403
    assert file.get({"stamp": stamp}, headers=AUTH).content == file.data


def test_after_an_update(guarded, file):
    q = query(file.path)
    r = http("PUT", f"{guarded.base('node1')}/update/{file.id}", data=b"new", headers=AUTH)
    assert r.status_code == 200
    assert file.get(q).content == b"new"


def test_another_node_redirects_to_a_link(guarded, file):
    q = query(file.path)
    r = http("GET", guarded.base("node2") + file.path, params=q)
    assert r.status_code == 307
    to = urlsplit(r.headers["location"])
    assert f"http://{to.netloc}{to.path}" == file.url
    assert parse_qs(to.query)["expires"] == [q["expires"]]
    assert "no-store" in r.headers["cache-control"]
    assert http("GET", r.headers["location"]).content == file.data
    assert http("GET", guarded.base("node2") + file.path, params={**q, "signature": "0" * 64}).status_code == 403


def test_what_is_not_there_is_404(guarded):
    r = http("GET", guarded.base("node1") + "/retrieve/999999", params=query("/retrieve/999999"))
    assert r.status_code == 404


def test_caches(guarded, file):
    for kw in ({"params": query(file.path)}, {"headers": AUTH, "params": {}}):
        r = file.get(**kw)
        said = [s.strip() for s in r.headers["cache-control"].split(",")]
        assert "no-cache" in said  # each use is asked for, so nobody serves it when the link has expired
        assert ("private" in said) == guarded.protected
        assert not any(s.startswith(("max-age", "s-maxage", "public")) for s in said)


def test_after_restarts(tmp_path_factory):
    one = guard(tmp_path_factory.mktemp("cdn"), True, nodes=1)
    try:
        f = File(one)
        url = ask(one, f.path).json()["uri"]
        one.processes["node1"].stop()
        one.processes["dist"].stop()
        one.start("dist")
        one.start("node1")
        assert http("GET", url).content == f.data
    finally:
        one.close()


def test_on_postgres_where_dist_answers_on_workers(tmp_path_factory, database):
    one = guard(tmp_path_factory.mktemp("cdn"), True, nodes=1, database=database("postgres"))
    try:
        f = File(one)
        for path in (f.path, f"/files/{f.name}"):
            assert ask(one, path, headers={}).status_code == 401
            assert ask(one, path, "0").status_code == 400
            url = ask(one, path).json()["uri"]
            assert http("GET", url, allow_redirects=True).content == f.data
            assert http("GET", url + "0", allow_redirects=True).status_code == 403
    finally:
        one.close()


# dist: by name

@pytest.mark.parametrize("name", ["plain", "a b", "é%+&?#~", "x\ny", "dir.with-._~"])
def test_a_link_to_a_name(guarded, name):
    f = File(guarded, name=f"{secrets.token_hex(4)}{name}")
    path = "/files/" + quote(f.name, safe="-._~")
    q = query(path)
    r = http("GET", guarded.url + path, params=q)
    assert r.status_code == 307
    assert "no-store" in r.headers["cache-control"]
    to = urlsplit(r.headers["location"])
    assert f"http://{to.netloc}{to.path}" == f.url
    assert parse_qs(to.query) == {"expires": [q["expires"]], "signature": [sign(f.path, q["expires"])]}
    assert http("GET", r.headers["location"]).content == f.data
    assert http("GET", guarded.url + path, params={**q, "signature": "0" * 64}).status_code == 403


def test_a_name_is_the_same_however_it_is_encoded(guarded):
    f = File(guarded, name=f"{secrets.token_hex(4)} é.txt")
    q = query("/files/" + quote(f.name, safe="-._~"))
    tail = f"?expires={q['expires']}&signature={q['signature']}"
    every = "".join(f"%{b:02x}" for b in f.name.encode())
    for form in (every, every.upper(), quote(f.name) + "/", "/" + quote(f.name)):
        r = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", f"{guarded.url}/files/{form}{tail}"],
                           capture_output=True, text=True, check=True)
        assert r.stdout == "307", form


def test_a_link_to_a_name_is_to_that_name(guarded, file):
    other = File(guarded)
    assert http("GET", f"{guarded.url}/files/{other.name}", params=query(f"/files/{file.name}")).status_code == 403


def test_a_link_to_a_name_follows_it(guarded):
    f = File(guarded)
    q = query(f"/files/{f.name}")
    again = File(guarded, node="node2", name=f.name)
    r = http("GET", f"{guarded.url}/files/{f.name}", params=q, allow_redirects=True)
    assert r.content == again.data


def test_a_link_lists_no_directory(guarded):
    r = http("GET", guarded.url + "/files/", params=query("/files"))
    assert r.status_code == 404
    assert "entries" not in r.text


# who gets links

def ask(cdn, path, ttl=600, headers=AUTH, **params):
    return http("GET", cdn.url + path, params={"ttl": ttl, **params}, headers=headers)


def test_dist_signs(guarded, file):
    before = int(time.time())
    r = ask(guarded, file.path)
    assert r.status_code == 200
    assert set(r.json()) == {"uri", "expires"}
    assert before + 600 <= r.json()["expires"] <= int(time.time()) + 600
    assert r.json()["uri"] == f"{file.url}?expires={r.json()['expires']}&signature=" \
        + sign(file.path, r.json()["expires"])
    assert r.headers["cache-control"] == "no-store"
    assert http("GET", r.json()["uri"]).content == file.data


def test_dist_signs_names(guarded):
    f = File(guarded, name=f"{secrets.token_hex(4)} é")
    r = ask(guarded, "/files//" + quote(f.name) + "/")
    assert r.status_code == 200
    path = "/files/" + quote(f.name)
    assert r.json()["uri"] == f"{guarded.url}{path}?expires={r.json()['expires']}&signature=" \
        + sign(path, r.json()["expires"])
    assert http("GET", r.json()["uri"], allow_redirects=True).content == f.data


def test_directories_get_no_link(guarded):
    assert ask(guarded, "/files/").status_code == 409


def test_what_is_not_there_gets_no_link(guarded):
    assert ask(guarded, "/retrieve/999999").status_code == 404
    assert ask(guarded, "/files/nothing").status_code == 404


@pytest.mark.parametrize("ttl", ["0", "-1", "", "NaN", "1.5", "1e3", str(YEAR + 1), "9" * 40, "x"])
@pytest.mark.parametrize("door", ["retrieve", "files"])
def test_a_bad_duration_is_400(guarded, file, ttl, door):
    r = ask(guarded, file.path if door == "retrieve" else f"/files/{file.name}", ttl)
    assert r.status_code == 400
    assert "ttl" in message(r)


@pytest.mark.parametrize("ttl", [1, YEAR])
def test_the_shortest_and_the_longest(guarded, file, ttl):
    assert ask(guarded, file.path, ttl).status_code == 200


@pytest.mark.parametrize("door", ["retrieve", "files"])
def test_links_need_the_token_even_when_reads_are_open(guarded, file, door):
    path = file.path if door == "retrieve" else f"/files/{file.name}"
    r = ask(guarded, path, headers={})
    assert r.status_code == 401
    assert r.headers["www-authenticate"].startswith("Bearer")
    assert ask(guarded, path, headers={"Authorization": "Bearer wrong"}).status_code == 403


def test_a_link_makes_no_longer_link(guarded, file):
    for path in (file.path, f"/files/{file.name}"):
        r = ask(guarded, path, headers={}, **query(path))
        assert r.status_code == 401
        assert "uri" not in r.json()


def test_without_a_token_nothing_is_signed(open_cdn):
    cid = open_cdn.store(b"abc", name="abc")["id"]
    for path in (f"/retrieve/{cid}", "/files/abc"):
        r = ask(open_cdn, path, headers={})
        assert r.status_code == 409
        assert "CDN_TOKEN" in message(r)


def test_without_a_token_links_are_plain_urls(open_cdn):
    cid = open_cdn.store(b"abc", name="abc")["id"]
    for q in (query(f"/retrieve/{cid}", 1), {"expires": "NaN"}, {"signature": "x"}):
        assert http("GET", f"{open_cdn.base('node1')}/retrieve/{cid}", params=q).content == b"abc"
        r = http("GET", f"{open_cdn.url}/files/abc", params=q)
        assert (r.status_code, "?" in r.headers["location"]) == (307, False)


def test_no_token_or_signature_is_logged(guarded, file):
    q = query(file.path)
    file.get(q)
    ask(guarded, file.path)
    for name in guarded.names:
        assert q["signature"] not in guarded.log(name)
        assert TOKEN not in guarded.log(name)


# cdnctl

def ctl(cdn, *args, token=TOKEN):
    env = {"PATH": "/usr/bin:/bin", **({"CDN_TOKEN": token} if token else {})}
    return subprocess.run([BIN / "cdnctl", f"--url={cdn.url}", *map(str, args)], capture_output=True, text=True,
                          check=False, env=env)


def test_cdnctl_prints_links(guarded, file):
    run = ctl(guarded, "locate", "--expires=600", file.id)
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith(file.url + "?expires=") and run.stdout.endswith("\n")
    assert http("GET", run.stdout.strip()).content == file.data


def test_cdnctl_prints_links_to_names(guarded):
    f = File(guarded, name=f"{secrets.token_hex(4)} é")
    run = ctl(guarded, "locate", "--expires", "600", "/" + f.name)
    assert run.returncode == 0, run.stderr
    assert http("GET", run.stdout.strip(), allow_redirects=True).content == f.data


def test_cdnctl_prints_links_as_json(guarded, file):
    run = ctl(guarded, "--json", "locate", "--expires=600", file.id)
    answer = json.loads(run.stdout)
    assert set(answer) == {"uri", "expires"}
    assert http("GET", answer["uri"]).content == file.data


@pytest.mark.parametrize("seconds", ["0", "-5", "x", "", "1.5", YEAR + 1, "9" * 40, " 5"])
def test_cdnctl_refuses_a_bad_duration(guarded, file, seconds):
    run = ctl(guarded, "locate", f"--expires={seconds}", file.id)
    assert run.returncode == 2
    assert "--expires" in run.stderr


def test_cdnctl_says_what_is_missing(guarded, open_cdn, file):
    run = ctl(guarded, "locate", "--expires=60", file.id, token=None)
    assert run.returncode == 6
    assert "token" in run.stderr
    cid = open_cdn.store(b"abc")["id"]
    run = ctl(open_cdn, "locate", "--expires=60", cid, token=None)
    assert run.returncode == 6
    assert "CDN_TOKEN" in run.stderr
