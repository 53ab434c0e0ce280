"""MAX_STORAGE: reservation, 507, and room that comes back."""
import concurrent.futures
import os
import socket

import pytest

from cluster import http, raw, status_of, wait_for


@pytest.fixture
def one(new_cdn):
    """A node that holds a million bytes."""
    return new_cdn(nodes=1, max_storage="1M")


def nothing_stays(c):
    assert c.check_account("node1")["contents"] == len(http("GET", c.url + "/content/").json())
    assert os.listdir(c.storage(1) / "tmp") == []


@pytest.mark.parametrize("form", [False, True])
def test_two_race_for_the_last_bytes_and_one_gets_507(one, form):
    def upload(i):
        body = {"files": {"file": (f"f{i}", bytes(600_000))}} if form else {"data": bytes(600_000)}
        return http("POST", one.base("node1") + "/store/", **body).status_code
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(upload, range(2))) == [200, 507]
    nothing_stays(one)


def test_many_race_and_what_fits_is_stored(one):
    def upload(i):
        return http("POST", one.base("node1") + "/store/", data=bytes(90_000)).status_code
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        got = list(pool.map(upload, range(24)))
    assert set(got) == {200, 507}
    assert one.check_account("node1")["storage"] == 90_000 * got.count(200) <= 1_000_000
    nothing_stays(one)


def test_the_last_byte_can_be_used(one):
    assert http("POST", one.base("node1") + "/store/", data=bytes(1_000_000)).status_code == 200


@pytest.mark.parametrize("kind", ["raw", "form", "chunked"])
def test_one_byte_too_many_is_507_and_leaves_nothing(one, kind):
    body = {"raw": {"data": bytes(1_000_001)}, "form": {"files": {"file": ("f", bytes(1_000_001))}},
            "chunked": {"data": (bytes(100_000 + (i == 9)) for i in range(10))}}[kind]
    r = http("POST", one.base("node1") + "/store/", **body)
    assert r.status_code == 507
    assert r.json()["message"]
    nothing_stays(one)


def test_507_comes_before_the_body(one):
    """Who asks with Expect: 100-continue sends nothing in vain."""
    got = raw(one.ports["node1"], b"POST /store/ HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n"
              b"Expect: 100-continue\r\n\r\n")
    assert status_of(got) == 507


def test_a_promised_byte_is_not_given_twice(one):
    """An upload has its room from its beginning."""
    with socket.create_connection(("127.0.0.1", one.ports["node1"])) as s:
        s.sendall(b"POST /store/ HTTP/1.1\r\nHost: x\r\nContent-Length: 700000\r\n\r\n" + bytes(10))
        wait_for("the room is reserved", lambda: one.stats("node1")["reserved"] == 700_000)
        assert http("POST", one.base("node1") + "/store/", data=bytes(400_000)).status_code == 507
    wait_for("the room is given back", lambda: one.stats("node1")["reserved"] == 0)
    assert http("POST", one.base("node1") + "/store/", data=bytes(400_000)).status_code == 200


def test_an_upload_that_breaks_off_leaves_nothing(one):
    with socket.create_connection(("127.0.0.1", one.ports["node1"])) as s:
        s.sendall(b"POST /store/ HTTP/1.1\r\nHost: x\r\nContent-Length: 700000\r\n\r\n" + bytes(300_000))
        wait_for("it has begun", lambda: one.stats("node1")["reserved"])
    wait_for("it is gone", lambda: one.stats("node1")["reserved"] == 0)
    nothing_stays(one)


def test_an_update_that_does_not_fit_keeps_the_content(one):
    cid = one.store(b"a" * 600_000)["id"]
    r = http("PUT", f"{one.base('node1')}/update/{cid}", data=b"b" * 600_000)
    assert r.status_code == 507
    assert one.fetch(cid).content == b"a" * 600_000
    nothing_stays(one)


def test_delete_makes_room(one):
    cid = one.store(bytes(900_000))["id"]
    assert http("POST", one.base("node1") + "/store/", data=bytes(900_000)).status_code == 507
    http("DELETE", f"{one.base('node1')}/delete/{cid}")
    assert http("POST", one.base("node1") + "/store/", data=bytes(900_000)).status_code == 200


def test_trash_gives_way_to_uploads(one):
    cid = one.store(bytes(900_000))["id"]
    http("DELETE", f"{one.base('node1')}/delete/{cid}")
    assert one.stats("node1")["trash"] == 900_000
    http("POST", one.base("node1") + "/store/", data=bytes(900_000))
    assert one.stats("node1")["trash"] == 0
    assert os.listdir(one.storage(1) / "trash") == []


def test_trash_goes_after_its_time(new_cdn):
    c = new_cdn(nodes=1, node_args=["--trash-ttl=1"])
    cid = c.store(bytes(1000))["id"]
    http("DELETE", f"{c.base('node1')}/delete/{cid}")
    wait_for("the trash is emptied", lambda: c.stats("node1")["trash"] == 0)
    assert os.listdir(c.storage(1) / "trash") == []


def test_an_overwritten_file_takes_its_room_once(one):
    cid = one.store(bytes(300_000))["id"]
    for _ in range(5):
        assert http("PUT", f"{one.base('node1')}/update/{cid}", data=bytes(300_000)).status_code == 200
    assert one.check_account("node1")["storage"] == 300_000


def test_dist_places_nothing_where_it_does_not_fit(new_cdn):
    c = new_cdn(nodes=2, max_storage="1M")
    c.store(bytes(900_000), node="node1")
    wait_for("dist has the figures", lambda: http("GET", c.url + "/stats/").json()["stats"]["node1"]["storage"])
    assert c.place(size=500_000)["node"] == "node2"
    r = http("GET", c.url + "/store/", params={"size": 1_000_001})
    assert r.status_code == 507


def test_room_that_delete_made_is_placed_again(one):
    cid = one.store(bytes(900_000))["id"]
    wait_for("dist sees it full", lambda: http("GET", one.url + "/store/?size=900000").status_code == 507)
    http("DELETE", f"{one.base('node1')}/delete/{cid}")
    wait_for("dist sees the room", lambda: http("GET", one.url + "/store/?size=900000").status_code == 200)


def test_a_node_is_asked_when_it_got_room(new_cdn):
    """Without waiting for the next look at its figures, which here is an hour away."""
    c = new_cdn(nodes=1, max_storage="1M", dist_args=["--poll=3600000"])
    cid = c.store(bytes(900_000))["id"]
    c.kill("dist")
    c.start("dist")  # looks once
    assert http("GET", c.url + "/store/?size=900000").status_code == 507
    http("DELETE", f"{c.base('node1')}/delete/{cid}")
    wait_for("room", lambda: http("GET", c.url + "/store/?size=900000").status_code == 200)
