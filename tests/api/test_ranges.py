"""node: retrieve/{id}: ranges, conditions in RFC 9110's order, headers of a download."""
import email.utils
import secrets

import pytest

from cluster import etag_of, http

DATA = bytes(i * 7 % 251 for i in range(1000))
MTIME = 1_600_000_000
DATE = email.utils.formatdate(MTIME, usegmt=True)
OLDER, NEWER = (email.utils.formatdate(MTIME + d, usegmt=True) for d in (-1, 1))
ETAG = f'"{etag_of(DATA)}"'
OTHER = '"' + "0" * 32 + '"'


@pytest.fixture(scope="module")
def url(cdn):
    r = http("POST", cdn.base("node1") + "/store/", data=DATA,
             params={"filename": "ranged.bin", "mtime": f"{MTIME}.000000000"}, headers={"Content-Type": "image/png"})
    assert r.status_code == 200, r.text
    return f"{cdn.base('node1')}/retrieve/{r.json()['id']}"


@pytest.fixture(scope="module")
def empty(cdn):
    """URL of a content without bytes."""
    return f"{cdn.base('node1')}/retrieve/{cdn.store(b'', node='node1')['id']}"


def get(url, method="GET", **headers):
    return http(method, url, headers={k.replace("_", "-"): v for k, v in headers.items()})


@pytest.mark.parametrize("text,first,last", [
    ("bytes=0-0", 0, 0), ("bytes=0-99", 0, 99), ("bytes=100-199", 100, 199), ("bytes=999-999", 999, 999),
    ("bytes=990-", 990, 999), ("bytes=0-", 0, 999), ("bytes=-1", 999, 999), ("bytes=-10", 990, 999),
    ("bytes=-1000", 0, 999), ("bytes=-5000", 0, 999), ("bytes=500-99999999", 500, 999),
    ("bytes=0-99999999999999999999999999", 0, 999), ("bytes= 1-2", 1, 2), ("BYTES=1-2", 1, 2)])
def test_a_range_is_answered_with_its_bytes(url, text, first, last):
    r = get(url, Range=text)
    assert r.status_code == 206
    assert r.headers["content-range"] == f"bytes {first}-{last}/1000"
    assert r.headers["content-length"] == str(last - first + 1)
    assert r.content == DATA[first:last + 1]


@pytest.mark.parametrize("text", [
    "bytes=0-1,5-6", "bytes=5-1", "bytes=a-b", "bytes=", "bytes", "items=0-1", "bytes=--1", "bytes=1", "bytes=1-2-3",
    "bytes=-", "bytes=0x1-2", "=", "bytes=0-0,-1,5-", "b" * 3000])
def test_several_and_malformed_ranges_are_answered_whole(url, text):
    r = get(url, Range=text)
    assert r.status_code == 200
    assert r.content == DATA
    assert "content-range" not in r.headers


@pytest.mark.parametrize("text", ["bytes=1000-", "bytes=1000-1001", "bytes=-0", "bytes=99999999999999999999-"])
def test_a_range_behind_the_end_is_416(url, text):
    r = get(url, Range=text)
    assert r.status_code == 416
    assert r.headers["content-range"] == "bytes */1000"
    assert r.json()["message"]


@pytest.mark.parametrize("text", ["bytes=0-", "bytes=0-0"])
def test_an_empty_content_has_no_first_byte(empty, text):
    r = get(empty, Range=text)
    assert r.status_code == 416
    assert r.headers["content-range"] == "bytes */0"


@pytest.mark.parametrize("headers,status", [
    ({"If-Match": ETAG}, 200),
    ({"If-Match": "*"}, 200),
    ({"If-Match": f"{OTHER}, {ETAG}"}, 200),
    ({"If-Match": OTHER}, 412),
    ({"If-Match": "W/" + ETAG}, 412),  # compared strongly
    ({"If-Unmodified-Since": DATE}, 200),
    ({"If-Unmodified-Since": NEWER}, 200),
    ({"If-Unmodified-Since": OLDER}, 412),
    ({"If-Unmodified-Since": "yesterday"}, 200),
    ({"If-None-Match": ETAG}, 304),
    ({"If-None-Match": "*"}, 304),
    ({"If-None-Match": "W/" + ETAG}, 304),  # compared weakly
    ({"If-None-Match": f"{OTHER},{ETAG}"}, 304),
    ({"If-None-Match": OTHER}, 200),
    ({"If-Modified-Since": DATE}, 304),
    ({"If-Modified-Since": NEWER}, 304),
    ({"If-Modified-Since": OLDER}, 200),
    ({"If-Modified-Since": "Sunday, 13-Sep-20 12:26:40 GMT"}, 304),
    ({"If-Modified-Since": "Sun Sep 13 12:26:40 2020"}, 304),
    ({"If-Modified-Since": "not a date"}, 200),
    # who wins
    ({"If-Match": ETAG, "If-Unmodified-Since": OLDER}, 200),
    ({"If-Match": OTHER, "If-Unmodified-Since": NEWER}, 412),
    ({"If-None-Match": OTHER, "If-Modified-Since": NEWER}, 200),
    ({"If-None-Match": ETAG, "If-Modified-Since": OLDER}, 304),
    ({"If-Match": OTHER, "If-None-Match": ETAG}, 412),
    ({"If-Match": ETAG, "If-None-Match": ETAG}, 304),
    ({"If-Unmodified-Since": OLDER, "If-None-Match": ETAG}, 412),
    ({"If-Match": OTHER, "Range": "bytes=0-1"}, 412),
    ({"If-None-Match": ETAG, "Range": "bytes=0-1"}, 304),
    ({"If-None-Match": ETAG, "Range": "bytes=1000-"}, 304),
    ({"If-Match": ETAG, "Range": "bytes=1000-"}, 416),
    ({"If-None-Match": OTHER, "Range": "bytes=0-1"}, 206),
    # If-Range
    ({"If-Range": ETAG, "Range": "bytes=0-1"}, 206),
    ({"If-Range": OTHER, "Range": "bytes=0-1"}, 200),
    ({"If-Range": "W/" + ETAG, "Range": "bytes=0-1"}, 200),
    ({"If-Range": DATE, "Range": "bytes=0-1"}, 206),
    ({"If-Range": OLDER, "Range": "bytes=0-1"}, 200),
    ({"If-Range": NEWER, "Range": "bytes=0-1"}, 200),  # must be the very date
    ({"If-Range": OTHER, "Range": "bytes=1000-"}, 200),
    ({"If-Range": OTHER}, 200),
], ids=lambda v: v if isinstance(v, int) else ",".join(v))
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_conditions(url, method, headers, status):
    r = http(method, url, headers=headers)
    assert r.status_code == status
    body = {200: DATA, 206: DATA[:2], 304: b""}.get(status)
    if method == "HEAD":
        assert r.content == b""
    elif body is not None:
        assert r.content == body
    else:
        assert r.json()["message"]


@pytest.mark.parametrize("headers", [{"If-None-Match": ETAG}, {"If-Modified-Since": DATE}])
def test_304_names_what_a_cache_has(url, headers):
    r = http("GET", url, headers=headers)
    assert (r.status_code, r.headers["etag"], r.headers["last-modified"]) == (304, ETAG, DATE)


def test_head_has_the_headers_of_get(url):
    head, whole = get(url, "HEAD"), get(url)
    assert head.content == b""
    for name in ("content-length", "content-type", "content-disposition", "etag", "last-modified", "accept-ranges"):
        assert head.headers[name] == whole.headers[name]


def test_headers_of_a_download(url):
    h = get(url).headers
    assert (h["etag"], h["last-modified"], h["content-length"]) == (ETAG, DATE, "1000")
    assert (h["content-type"], h["accept-ranges"]) == ("image/png", "bytes")
    assert h["content-disposition"] == "attachment; filename=\"ranged.bin\"; filename*=UTF-8''ranged.bin"


def test_without_a_type_it_is_octet_stream(cdn):
    r = http("POST", cdn.base("node1") + "/store/", data=b"x", params={"filename": "untyped"})
    assert cdn.fetch(r.json()["id"]).headers["content-type"] == "application/octet-stream"


def test_the_type_of_a_part_is_kept(cdn):
    r = http("POST", cdn.base("node1") + "/store/", files={"file": ("a.txt", b"x", "text/plain; charset=utf-8")})
    assert cdn.fetch(r.json()["id"]).headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("size", [0, 1, 16, 128, 129, 240, 241, 1024, 65536, 262_144, 1_000_003])
def test_the_etag_is_the_checksum_of_the_bytes(cdn, size):
    data = secrets.token_bytes(size)
    up = cdn.store(data, node="node1")
    r = cdn.fetch(up["id"])
    assert r.content == data
    assert r.headers["etag"] == f'"{etag_of(data)}"' == f'"{up["etag"]}"'


@pytest.mark.parametrize("name,disposition", [
    ("plain.txt", "filename=\"plain.txt\"; filename*=UTF-8''plain.txt"),
    ("with space.txt", "filename=\"with space.txt\"; filename*=UTF-8''with%20space.txt"),
    ("ünï.txt", "UTF-8''%C3%BCn%C3%AF.txt"),
    ("日本.txt", "UTF-8''%E6%97%A5%E6%9C%AC.txt"),
    ('quote".txt', "UTF-8''quote%22.txt"),
    ("percent%41.txt", "UTF-8''percent%2541.txt"),
    ("new\nline.txt", "UTF-8''new%0Aline.txt"),
    ("cr\r\nX-Evil: 1", "UTF-8''cr%0D%0AX-Evil%3A%201"),
    ("tab\t", "UTF-8''tab%09"),
    ("x" * 255, "x" * 255)])
def test_a_download_is_named_safely(cdn, name, disposition):
    r = http("POST", cdn.base("node1") + "/store/", data=b"x", params={"filename": name})
    assert r.status_code == 200, r.text
    h = cdn.fetch(r.json()["id"]).headers
    assert h["content-disposition"].startswith("attachment; filename=")
    assert h["content-disposition"].endswith(disposition)
    assert "x-evil" not in h


def test_many_ranges_make_the_whole(url):
    assert b"".join(get(url, Range=f"bytes={i}-{i + 99}").content for i in range(0, 1000, 100)) == DATA


@pytest.mark.parametrize("offset", [0, 4095, 4096, 4_000_000, 7_999_999])
def test_a_range_of_a_large_content(cdn, large, offset):
    cid, data = large
    r = cdn.fetch(cid, headers={"Range": f"bytes={offset}-{offset + 70_000}"})
    assert r.status_code == 206
    assert r.content == data[offset:offset + 70_001]


@pytest.fixture(scope="module")
def large(cdn):
    data = secrets.token_bytes(8_000_000)
    return cdn.store(data, node="node2")["id"], data


def test_another_node_redirects_to_the_holder(cdn, url):
    cid = url.rsplit("/", 1)[1]
    r = get(f"{cdn.base('node2')}/retrieve/{cid}")
    assert r.status_code == 307
    assert r.headers["location"] == url


def test_retrieve_of_an_unknown_content_is_404(cdn):
    r = get(cdn.base("node1") + "/retrieve/999999999")
    assert r.status_code == 404
    assert "999999999" in r.json()["message"]
