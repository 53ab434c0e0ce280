"""Several dist on one PostgreSQL are one CDN."""
import secrets
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from cluster import Cluster, http, new_stamp, wait_for


@pytest.fixture(scope="module")
def two(database, tmp_path_factory):
    """Both make the tables of an empty database at the same time, when they start."""
    one = Cluster(tmp_path_factory.mktemp("cdn"), nodes=2, dists=2, database=database("postgres"))
    for name in one.node_names:
        wait_for("dist2 sees the nodes", lambda n=name: http(
            "GET", one.base("dist2") + "/stats/").json()["stats"][n]["status"] == "UP")
    yield one
    one.close()


@pytest.fixture
def top(two):
    """A new directory: (id, name)."""
    name = "t" + secrets.token_hex(8)
    made = two.fs({"op": "mkdir", "dir": 1, "name": name, "mode": 0o755, "uid": 0, "gid": 0})
    return made[0]["attr"]["id"], name


def create(top, name):
    return {"op": "create", "dir": top[0], "name": name, "mode": 0o644, "uid": 0, "gid": 0}


def test_what_one_makes_the_other_lists(two, top):
    for i in range(10):
        two.fs(create(top, f"f{i}"), url=two.base(("dist", "dist2")[i % 2]))
    lists = [http("GET", f"{two.base(d)}/files/{top[1]}").json() for d in two.dist_names]
    assert lists[0] == lists[1]
    assert sorted(e["name"] for e in lists[0]["entries"]) == [f"f{i}" for i in range(10)]


def test_what_one_removes_is_gone_at_the_other(two, top):
    cid = two.fs(create(top, "f"))[0]["attr"]["id"]
    two.fs({"op": "unlink", "dir": top[0], "name": "f"}, url=two.base("dist2"))
    assert two.fs({"op": "getattr", "id": cid})[0] == {"errno": "ENOENT"}


def test_an_upload_placed_by_the_other_is_found_at_both(two, top):
    url = f"{two.base('dist2')}/files/{top[1]}/up"
    place = http("PUT", url, data=b"")
    assert http("PUT", place.headers["location"], data=b"bytes").status_code == 200
    for d in two.dist_names:
        r = http("GET", f"{two.base(d)}/files/{top[1]}/up", allow_redirects=True)
        assert r.content == b"bytes"


def test_a_batch_repeated_at_the_other_is_applied_once(two, top):
    batch = {"session": secrets.token_hex(8), "slot": 0, "seq": 1, "host": "h"}
    first = two.fs(create(top, "once"), **batch)
    assert two.fs(create(top, "once"), url=two.base("dist2"), **batch) == first


def test_an_older_seq_is_409_at_the_other(two, top):
    session = secrets.token_hex(8)
    two.fs(create(top, "a"), session=session, slot=0, seq=9, host="h")
    two.fs(create(top, "b"), session=session, slot=0, seq=8, host="h", url=two.base("dist2"), expect=409)


def test_renames_at_both_lose_nothing(two, top):
    """A file is moved back and forth between two names by both: it has one of them in the end."""
    cid = two.fs(create(top, "a"))[0]["attr"]["id"]

    def move(i):
        a, b = ("a", "b") if i % 2 else ("b", "a")
        op = {"op": "rename", "dir": top[0], "name": a, "todir": top[0], "toname": b}
        return two.fs(op, url=two.base(two.dist_names[i // 2 % 2]))[0].get("errno")
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(move, range(40))) <= {None, "ENOENT"}
    entries = two.fs({"op": "readdir", "dir": top[0], "after": "", "limit": 10})[0]["entries"]
    assert [e["attr"]["id"] for e in entries] == [cid]


def test_one_is_killed_and_the_other_goes_on(new_cdn):
    c = new_cdn("postgres", nodes=1, dists=2)
    cid = c.store(b"abc")["id"]
    c.kill("dist")
    other = c.base("dist2")
    wait_for("dist2 sees the node", lambda: http("GET", other + "/store/").status_code == 200)
    assert http("GET", f"{other}/content/{cid}").json()["size"] == 3
    made = c.fs({"op": "mkdir", "dir": 1, "name": "d", "mode": 0o755, "uid": 0, "gid": 0}, url=other)
    assert "attr" in made[0]
    c.start("dist")
    assert c.fs({"op": "lookup", "dir": 1, "name": "d"})[0] == made[0]


def test_a_restart_of_both_keeps_all(new_cdn):
    c = new_cdn("postgres", nodes=1, dists=2)
    ids = [c.store(b"x" * i, f"f{i}")["id"] for i in range(5)]
    before = http("GET", c.url + "/content/").json()
    c.restart("dist")
    c.restart("dist2")
    for d in c.dist_names:
        assert http("GET", c.base(d) + "/content/").json() == before
    c.wait_status("node1")
    assert [c.fetch(i).content for i in ids] == [b"x" * i for i in range(5)]


def test_a_name_made_at_both_is_made_once(two, top):
    urls = [two.url, two.base("dist2")] * 2
    with ThreadPoolExecutor(4) as pool:
        for i in range(25):
            results = list(pool.map(lambda url, n=f"race{i}": two.fs(create(top, n), url=url)[0], urls))
            assert sum("attr" in r for r in results) == 1, results
            assert [r for r in results if "attr" not in r] == [{"errno": "EEXIST"}] * 3


def test_a_stamp_registered_at_both_is_one_content(two):
    for _ in range(10):
        body = {"filename": "once", "size": 3, "uri": two.base("node1"), "node": "node1", "stamp": new_stamp(),
                "etag": "0" * 32}
        with ThreadPoolExecutor(4) as pool:
            made = list(pool.map(lambda url, b=body: http("POST", url + "/content/", json=b).json()["id"],
                                 [two.url, two.base("dist2")] * 2))
        assert len(set(made)) == 1


def test_what_one_changes_is_told_to_who_listens_at_the_other(two, top):
    """By NOTIFY, within a moment; also a batch whose changes do not fit one notice."""
    url = two.base("dist2") + "/fs/events"
    session = secrets.token_hex(16)

    def poll(after):
        r = http("GET", url, params={"session": session, "after": after})
        return r.json() if r.status_code == 200 else None

    last = wait_for("dist2 to hear the others", lambda: poll(0))["last"]
    try:
        names = [f"{i:03d}" + "n" * 200 for i in range(100)]
        two.fs(*[create(top, name) for name in names])  # at the first; it does not wait for the second's
        missing = set(names)

        def heard():
            nonlocal last
            told = poll(last)
            assert not told["reset"]
            last = told["last"]
            missing.difference_update(c["name"] for c in told["changes"] if c.get("dir") == top[0])
            return not missing
        wait_for("all names", heard)
        two.fs({"op": "unlink", "dir": top[0], "name": names[0]}, url=two.base("dist2"), expect=200)
    finally:
        http("DELETE", url, params={"session": session})


def test_who_cannot_hear_the_others_lets_nobody_remember(new_cdn):
    c = new_cdn("postgres", nodes=1, dists=2)
    url = c.url + "/fs/events"
    session = secrets.token_hex(16)

    def poll():
        return http("GET", url, params={"session": session})
    wait_for("events", lambda: poll().status_code == 200)
    database = next(str(a) for a in c.args["dist"] if "--database=" in str(a)).partition("=")[2]
    subprocess.run(["psql", "-q", database, "-c", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE application_name = 'cdn-dist-listens' AND datname = current_database()"],
                   check=True, stdout=subprocess.DEVNULL)
    wait_for("the end of the session", lambda: poll().status_code == 503)
    wait_for("events again", lambda: poll().status_code == 200)
    http("DELETE", url, params={"session": session})
