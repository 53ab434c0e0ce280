"""Contents of terabytes that are mostly holes: they take the room of their data, on the node and in its account."""
import pytest

from cluster import http, new_stamp, room_of, wait_for

TIB = 1 << 40
END = b"x" * 1000


@pytest.fixture
def small(new_cdn):
    """Two nodes of 10 MB."""
    return new_cdn(nodes=2, max_storage="10M")


def empty(c):
    name = f"f{new_stamp()}"
    return c.fs({"op": "create", "dir": 1, "name": name, "mode": 0o644, "uid": 0, "gid": 0})[0]["attr"]["id"]


def patch(c, cid, body, node="node1", expect=200):
    r = http("PATCH", f"{c.base(node)}/update/{cid}?stamp={new_stamp()}", data=body)
    assert r.status_code == expect, r.text
    return r.json()


def part(c, cid, first, n):
    r = c.fetch(cid, headers={"Range": f"bytes={first}-{first + n - 1}"})
    assert r.status_code == 206
    return r.content


def room(c, name):
    s = c.check_account(name)
    return s["storage"], s["trash"]


def test_a_tebibyte_fits_into_a_small_node_and_leaves_no_trace(small):
    before = small.stats("node1")
    cid = empty(small)
    got = patch(small, cid, b"write %d %d\n" % (TIB - len(END), len(END)) + END)
    assert got["size"] == TIB and got["etag"].endswith("-16384")
    assert part(small, cid, TIB - 1005, 1005) == bytes(5) + END
    assert room(small, "node1")[0] < 100_000
    patch(small, cid, b"write 12345 3\nabc")
    assert part(small, cid, 12340, 10) == bytes(5) + b"abc" + bytes(2)
    assert part(small, cid, TIB - 3, 3) == b"xxx"
    small.kill("node1")
    small.start("node1")
    assert sum(room(small, "node1")) < 200_000
    http("DELETE", f"{small.base('node1')}/delete/{cid}")
    after = small.stats("node1")
    assert (after["storage"], after["reserved"]) == (before["storage"], 0) and after["trash"] < 200_000


def told(c, cid):
    """What dist says of its data: the size when it says nothing."""
    a = c.fs({"op": "getattr", "id": cid})[0]["attr"]
    return a.get("allocated", a["size"])


def test_dist_is_told_what_is_data(small):
    cid = empty(small)
    got = patch(small, cid, b"grow %d\nwrite 0 1000\n" % TIB + END)
    assert 1000 <= got["allocated"] <= 65536
    assert told(small, cid) == got["allocated"]
    assert small.record(cid)["allocated"] == got["allocated"]
    got = patch(small, cid, b"truncate 1000\n")
    assert "allocated" not in got and told(small, cid) == 1000
    assert patch(small, cid, b"truncate 0\ngrow %d\n" % TIB)["allocated"] == told(small, cid) == 0


@pytest.mark.parametrize("body", [b"truncate %d\n" % TIB, b"grow %d\n" % TIB, b"zero 0 %d\n" % TIB])
def test_holes_take_no_room(small, body):
    cid = empty(small)
    assert patch(small, cid, body)["size"] == TIB
    assert room(small, "node1")[0] == 0
    assert {part(small, cid, at, 3) for at in (0, TIB // 2, TIB - 3)} == {bytes(3)}


def test_the_data_takes_room_and_too_much_of_it_is_507(small):
    cid = empty(small)
    patch(small, cid, b"truncate %d\n" % TIB)
    for i in range(4):
        patch(small, cid, b"write %d 1000000\n" % (i << 30) + b"d" * 1_000_000)
    used = room(small, "node1")[0]
    assert 4_000_000 <= used <= 4_100_000
    patch(small, cid, b"write 77 7000000\n" + b"d" * 7_000_000, expect=507)
    assert room(small, "node1")[0] == used
    patch(small, cid, b"zero 0 %d\n" % (1 << 33))
    assert room(small, "node1")[0] == 0


def test_a_copy_keeps_the_holes_and_makes_some(small):
    cid, to = empty(small), empty(small)
    stamp = patch(small, cid, b"write %d 5\nhello" % (TIB // 2))["stamp"]
    patch(small, to, b"write %d 5\nthere" % (TIB // 4))
    patch(small, to, b"copy 0 %d %d %s 0\n" % (TIB // 2 + 5, cid, stamp.encode()))
    assert part(small, to, TIB // 2, 5) == b"hello"
    assert part(small, to, TIB // 4, 5) == bytes(5)
    assert room(small, "node1")[0] < 20_000


def test_what_an_upload_brings_is_stored_as_it_comes(small):
    """Also zeros: nobody looks for them."""
    cid = small.store(bytes(3_000_000), node="node1")["id"]
    assert room(small, "node1")[0] == 3_000_000
    assert small.record(cid)["size"] == 3_000_000


def test_the_largest_content(small):
    cid = empty(small)
    longest = (1 << 44) - 4096
    assert patch(small, cid, b"truncate %d\n" % longest)["etag"].endswith("-262144")
    patch(small, cid, b"append 1\na", expect=413)
    assert part(small, cid, longest - 1, 1) == b"\0"
    wait_for("dist sees the room", lambda: http("GET", small.url + "/store/?size=9000000").status_code == 200)


def test_the_blob_itself_has_the_holes(small):
    cid = empty(small)
    patch(small, cid, b"write 1000000 1\nx")
    blob = next(p for p in small.live_files("node1") if p.name.startswith(f"{cid}."))
    assert blob.stat().st_size == 1_000_001 and room_of(blob) < 10_000


def extents(c, cid, stamp, frm=0, expect=200):
    r = http("GET", f"{c.base('node1')}/extents/{cid}?stamp={stamp}&from={frm}")
    assert r.status_code == expect, r.text
    return r.json()


def test_a_node_tells_where_data_is(small):
    cid = empty(small)
    stamp = patch(small, cid, b"grow %d\nwrite 0 1000\n" % TIB + END + b"write %d 1000\n" % (1 << 30) + END)["stamp"]
    got = extents(small, cid, stamp)
    assert got["size"] == TIB and "next" not in got
    (first, end), (second, end2) = got["extents"]
    assert first == 0 and 1000 <= end <= 65536 and second <= 1 << 30 and (1 << 30) + 1000 <= end2 <= (1 << 30) + 65536
    assert extents(small, cid, stamp, 10)["extents"][0] == [10, end]
    assert extents(small, cid, stamp, end2)["extents"] == []
    assert extents(small, cid, stamp, TIB)["extents"] == extents(small, cid, stamp, TIB + 1)["extents"] == []


def test_a_node_tells_many_pieces_one_answer_behind_the_other(small):
    cid, n, step = empty(small), 1100, 1 << 17
    stamp = patch(small, cid, b"".join(b"write %d 1\nx" % (i * step) for i in range(n)))["stamp"]
    one = extents(small, cid, stamp)
    assert len(one["extents"]) == 1024 and one["next"] == one["extents"][-1][1]
    two = extents(small, cid, stamp, one["next"])
    assert "next" not in two
    assert [e[0] for e in one["extents"] + two["extents"]] == [i * step for i in range(n)]


def test_what_a_node_does_not_tell(small):
    cid = empty(small)
    stamp = patch(small, cid, b"grow 100000\n")["stamp"]
    extents(small, cid, "0" * 16, expect=400)
    extents(small, cid, "x", expect=400)
    for bad in (-1, "x", "", 1 << 44):
        extents(small, cid, stamp, bad, expect=400)
    assert http("GET", f"{small.base('node1')}/extents/{cid}").status_code == 400
    extents(small, cid, new_stamp(), expect=404)
    extents(small, 9999999, stamp, expect=404)
    assert http("GET", f"{small.base('node2')}/extents/{cid}?stamp={stamp}").status_code == 404
    assert http("PUT", f"{small.base('node1')}/extents/{cid}?stamp={stamp}").status_code == 405
