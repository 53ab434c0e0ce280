"""The check-sum of contents of more than one section: made, verified, kept through changes; older ones stay valid."""
import hashlib
import os
import sqlite3

import pytest

from cluster import Cluster, SECTION, etag_of, http, new_stamp, xxh128_of
from terminal import cdnctl

TWO = bytes(range(256)) * (SECTION // 256) + b"and a bit"


@pytest.fixture(scope="module")
def c(tmp_path_factory):
    one = Cluster(tmp_path_factory.mktemp("cdn"), nodes=2)
    yield one
    one.check()
    one.close()


def put(c, data, expect=200, **headers):
    r = http("POST", f"{c.base('node1')}/store/?filename=long&stamp={new_stamp()}", data=data, headers=headers)
    assert r.status_code == expect, r.text
    return r.json()


def test_it_is_the_etag(c):
    up = put(c, TWO)
    assert up["etag"] == etag_of(TWO) and up["etag"].endswith("-2")
    r = c.fetch(up["id"], headers={"If-None-Match": f'"{up["etag"]}"'})
    assert (r.status_code, r.headers["ETag"]) == (304, f'"{up["etag"]}"')
    assert c.record(up["id"])["etag"] == up["etag"]


def test_up_to_a_section_it_is_what_xxh128sum_prints(c):
    assert put(c, TWO[:SECTION])["etag"] == xxh128_of(TWO[:SECTION])


def test_both_forms_are_verified(c):
    put(c, TWO, **{"X-Content-XXH128": etag_of(TWO)})
    put(c, TWO, **{"X-Content-XXH128": xxh128_of(TWO)})
    put(c, TWO, 422, **{"X-Content-XXH128": etag_of(TWO)[:-1] + "3"})
    put(c, TWO, 422, **{"X-Content-XXH128": xxh128_of(TWO[:-1])})
    put(c, TWO[:10], 400, **{"X-Content-XXH128": etag_of(TWO)[:-1]})


def test_a_change_makes_the_sum_of_all_bytes(c):
    cid = put(c, TWO)["id"]
    for body, want in ((b"write 5 2\nab", TWO[:5] + b"ab" + TWO[7:]), (b"append 3\nend", TWO[:5] + b"ab" + TWO[7:] + b"end"),
                       (b"truncate %d\n" % (SECTION + 1), TWO[:5] + b"ab" + TWO[7:SECTION + 1])):
        r = http("PATCH", f"{c.base('node1')}/update/{cid}?stamp={new_stamp()}", data=body)
        assert (r.status_code, r.json()["etag"]) == (200, etag_of(want))
    assert hashlib.sha256(c.fetch(cid).content).digest() == hashlib.sha256(want).digest()


def flip(path):
    with open(path, "r+b") as f:
        byte = f.read(1)
        f.seek(0)
        f.write(bytes([byte[0] ^ 1]))


def test_a_content_from_before_sections(c, tmp_path):
    """Its check-sum is that of all bytes in one: read, verified by cdnctl and by the node that fetches it, and changed."""
    cid = put(c, TWO)["id"]
    old, plain = etag_of(TWO), xxh128_of(TWO)
    blob = next(p for p in c.live_files("node1") if p.name.startswith(f"{cid}."))
    os.setxattr(blob, "user.cdn", os.getxattr(blob, "user.cdn").replace(old.encode(), plain.encode()))
    os.removexattr(blob, "user.cdn.sections")
    with sqlite3.connect(c.tmp / "cdn.db", timeout=10) as db:
        db.execute("UPDATE content SET etag = ? WHERE id = ?", (plain, cid))
    assert c.fetch(cid).headers["ETag"] == f'"{plain}"'
    change = f"{c.base('node2')}/update/{cid}?stamp={new_stamp()}"
    assert cdnctl(c.url, "get", str(cid), str(tmp_path / "got")).returncode == 0
    flip(blob)
    assert cdnctl(c.url, "get", str(cid), str(tmp_path / "damaged")).returncode != 0
    assert http("PATCH", change, data=b"write 5 2\nab").status_code == 503
    flip(blob)
    r = http("PATCH", change, data=b"write 5 2\nab")
    assert (r.status_code, r.json()["etag"]) == (200, etag_of(TWO[:5] + b"ab" + TWO[7:]))
