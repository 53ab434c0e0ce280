"""dist: POST fs, every operation and every error; batches that apply once."""
import secrets

import pytest

from cluster import http

ROOT = 1
NOBODY = 9007199254740000


def mk(op, directory, name, mode=0o644, **kw):
    return {"op": op, "dir": directory, "name": name, "mode": mode, "uid": 7, "gid": 8, **kw}


@pytest.fixture
def top(cdn):
    """A new directory."""
    return cdn.fs(mk("mkdir", ROOT, "t" + secrets.token_hex(8), 0o755))[0]["attr"]["id"]


@pytest.fixture
def one(cdn):
    """one(op…): the result of a single operation."""
    return lambda **op: cdn.fs(op)[0]


def test_create_makes_an_empty_file_and_says_where_to_upload(cdn, top):
    r = cdn.fs(mk("create", top, "f", 0o640))[0]
    a = r["attr"]
    assert (a["mode"], a["uid"], a["gid"], a["nlink"], a["size"]) == (0o100640, 7, 8, 1, 0)
    assert r["existed"] is False
    assert r["place"]["uri"] == cdn.base(r["place"]["node"])


def test_create_of_a_taken_name_is_eexist(cdn, top):
    cdn.fs(mk("create", top, "f"))
    assert cdn.fs(mk("create", top, "f"))[0] == {"errno": "EEXIST"}


def test_create_that_is_not_exclusive_opens_what_is_there(cdn, top):
    first = cdn.fs(mk("create", top, "f"))[0]["attr"]["id"]
    r = cdn.fs(mk("create", top, "f", exclusive=False))[0]
    assert r["existed"] is True
    assert r["attr"]["id"] == first


def test_create_over_a_directory_is_an_error(cdn, top):
    cdn.fs(mk("mkdir", top, "d", 0o755))
    assert cdn.fs(mk("create", top, "d", exclusive=False))[0]["errno"] in ("EISDIR", "EEXIST")


@pytest.mark.parametrize("op", ["create", "mkdir", "mknod", "symlink"])
def test_making_something_in_no_directory(cdn, top, op):
    f = cdn.fs(mk("create", top, "f"))[0]["attr"]["id"]
    more = {"target": "x"} if op == "symlink" else {}
    assert cdn.fs(mk(op, NOBODY, "x", **more))[0] == {"errno": "ENOENT"}
    assert cdn.fs(mk(op, f, "x", **more))[0] == {"errno": "ENOTDIR"}


def test_mkdir_counts_links(cdn, top):
    cdn.fs(mk("mkdir", top, "a", 0o755), mk("mkdir", top, "b", 0o755))
    assert cdn.fs({"op": "getattr", "id": top})[0]["attr"]["nlink"] == 4


def test_mkdir_of_a_taken_name_is_eexist(cdn, top):
    cdn.fs(mk("create", top, "x"))
    assert cdn.fs(mk("mkdir", top, "x", 0o755))[0] == {"errno": "EEXIST"}


@pytest.mark.parametrize("kind", [0o010000, 0o140000, 0o020000, 0o060000])
def test_mknod_makes_special_files(cdn, top, kind):
    a = cdn.fs(mk("mknod", top, "n", kind | 0o600, rdev=259))[0]["attr"]
    assert a["mode"] == kind | 0o600
    assert a["rdev"] == (259 if kind in (0o020000, 0o060000) else 0)


def test_mknod_of_a_directory_is_einval(cdn, top):
    assert cdn.fs(mk("mknod", top, "n", 0o040755))[0] == {"errno": "EINVAL"}


def test_symlink_keeps_its_target(cdn, top):
    a = cdn.fs(mk("symlink", top, "s", 0o777, target="../some where/%41"))[0]["attr"]
    assert cdn.fs({"op": "lookup", "dir": top, "name": "s"})[0]["attr"]["target"] == "../some where/A"
    assert a["mode"] == 0o120777


@pytest.mark.parametrize("target,errno", [("", "ENOENT"), ("x" * 4096, "ENAMETOOLONG")])
def test_symlink_with_an_impossible_target(cdn, top, target, errno):
    assert cdn.fs(mk("symlink", top, "s", target=target))[0] == {"errno": errno}


def test_link_gives_a_second_name(cdn, top):
    f = cdn.fs(mk("create", top, "a"))[0]["attr"]["id"]
    assert cdn.fs({"op": "link", "id": f, "dir": top, "name": "b"})[0]["attr"]["nlink"] == 2
    assert cdn.fs({"op": "lookup", "dir": top, "name": "b"})[0]["attr"]["id"] == f


def test_link_to_a_directory_is_eperm(cdn, top):
    d = cdn.fs(mk("mkdir", top, "d", 0o755))[0]["attr"]["id"]
    assert cdn.fs({"op": "link", "id": d, "dir": top, "name": "x"})[0] == {"errno": "EPERM"}


def test_link_over_a_taken_name_is_eexist(cdn, top):
    f = cdn.fs(mk("create", top, "a"))[0]["attr"]["id"]
    assert cdn.fs({"op": "link", "id": f, "dir": top, "name": "a"})[0] == {"errno": "EEXIST"}


def test_link_of_nothing_is_enoent(cdn, top):
    assert cdn.fs({"op": "link", "id": NOBODY, "dir": top, "name": "x"})[0] == {"errno": "ENOENT"}


def test_lookup_of_nothing_is_enoent(cdn, top):
    assert cdn.fs({"op": "lookup", "dir": top, "name": "x"})[0] == {"errno": "ENOENT"}


def test_getattr_of_nothing_is_enoent(cdn):
    assert cdn.fs({"op": "getattr", "id": NOBODY})[0] == {"errno": "ENOENT"}


def test_getattr_of_a_stored_file_says_where_its_bytes_are(cdn):
    up = cdn.store(b"abc", node="node2")
    a = cdn.fs({"op": "getattr", "id": up["id"]})[0]["attr"]
    assert (a["stamp"], a["etag"], a["node"], a["uri"]) == (up["stamp"], up["etag"], "node2", cdn.base("node2"))


def test_setattr_changes_what_is_given(cdn, top):
    f = cdn.fs(mk("create", top, "f"))[0]["attr"]["id"]
    a = cdn.fs({"op": "setattr", "id": f, "mode": 0o4711, "uid": 1, "gid": 2, "atime": [5, 1],
                "mtime": [6, 999999999]})[0]["attr"]
    assert (a["mode"], a["uid"], a["gid"], a["atime"], a["mtime"]) == (
        0o104711, 1, 2, [5, 1], [6, 999999999])


def test_setattr_takes_times_before_1970(cdn, top):
    f = cdn.fs(mk("create", top, "f"))[0]["attr"]["id"]
    assert cdn.fs({"op": "setattr", "id": f, "mtime": [-5, 500000000]})[0]["attr"]["mtime"] == [-5, 500000000]


def test_setattr_size_zero_drops_the_bytes(cdn):
    cid = cdn.store(b"abc")["id"]
    a = cdn.fs({"op": "setattr", "id": cid, "size": 0})[0]["attr"]
    assert a["size"] == 0
    assert cdn.record(cid)["size"] == 0


def test_setattr_of_another_size_is_einval(cdn, top):
    f = cdn.fs(mk("create", top, "f"))[0]["attr"]["id"]
    assert cdn.fs({"op": "setattr", "id": f, "size": 10})[0] == {"errno": "EINVAL"}


def test_setattr_of_nothing_is_enoent(cdn):
    assert cdn.fs({"op": "setattr", "id": NOBODY, "mode": 0o600})[0] == {"errno": "ENOENT"}


def test_unlink_tells_what_is_left(cdn, top):
    f = cdn.fs(mk("create", top, "a"))[0]["attr"]["id"]
    cdn.fs({"op": "link", "id": f, "dir": top, "name": "b"})
    assert cdn.fs({"op": "unlink", "dir": top, "name": "a"})[0] == {"id": f, "nlink": 1}
    assert cdn.fs({"op": "unlink", "dir": top, "name": "b"})[0] == {"id": f, "nlink": 0}
    assert cdn.fs({"op": "getattr", "id": f})[0] == {"errno": "ENOENT"}


@pytest.mark.parametrize("op", ["unlink", "rmdir"])
def test_removing_nothing_is_enoent(cdn, top, op):
    assert cdn.fs({"op": op, "dir": top, "name": "x"})[0] == {"errno": "ENOENT"}


def test_unlink_of_a_directory_is_eisdir(cdn, top):
    cdn.fs(mk("mkdir", top, "d", 0o755))
    assert cdn.fs({"op": "unlink", "dir": top, "name": "d"})[0] == {"errno": "EISDIR"}


def test_rmdir_of_a_file_is_enotdir(cdn, top):
    cdn.fs(mk("create", top, "f"))
    assert cdn.fs({"op": "rmdir", "dir": top, "name": "f"})[0] == {"errno": "ENOTDIR"}


def test_rmdir_of_a_full_directory_is_enotempty(cdn, top):
    d = cdn.fs(mk("mkdir", top, "d", 0o755))[0]["attr"]["id"]
    cdn.fs(mk("create", d, "f"))
    assert cdn.fs({"op": "rmdir", "dir": top, "name": "d"})[0] == {"errno": "ENOTEMPTY"}


def test_rmdir_removes_an_empty_directory(cdn, top):
    d = cdn.fs(mk("mkdir", top, "d", 0o755))[0]["attr"]["id"]
    assert cdn.fs({"op": "rmdir", "dir": top, "name": "d"})[0]["id"] == d
    assert cdn.fs({"op": "getattr", "id": d})[0] == {"errno": "ENOENT"}


def rename(directory, name, todir, toname, **kw):
    return {"op": "rename", "dir": directory, "name": name, "todir": todir, "toname": toname, **kw}


def test_rename_moves(cdn, top):
    f = cdn.fs(mk("create", top, "a"))[0]["attr"]["id"]
    d = cdn.fs(mk("mkdir", top, "d", 0o755))[0]["attr"]["id"]
    assert "errno" not in cdn.fs(rename(top, "a", d, "b"))[0]
    assert cdn.fs({"op": "lookup", "dir": top, "name": "a"})[0] == {"errno": "ENOENT"}
    assert cdn.fs({"op": "lookup", "dir": d, "name": "b"})[0]["attr"]["id"] == f


def test_rename_replaces_a_file(cdn, top):
    a, b = (cdn.fs(mk("create", top, n))[0]["attr"]["id"] for n in "ab")
    cdn.fs(rename(top, "a", top, "b"))
    assert cdn.fs({"op": "lookup", "dir": top, "name": "b"})[0]["attr"]["id"] == a
    assert cdn.fs({"op": "getattr", "id": b})[0] == {"errno": "ENOENT"}


def test_rename_to_itself_changes_nothing(cdn, top):
    f = cdn.fs(mk("create", top, "a"))[0]["attr"]["id"]
    assert "errno" not in cdn.fs(rename(top, "a", top, "a"))[0]
    assert cdn.fs({"op": "lookup", "dir": top, "name": "a"})[0]["attr"]["id"] == f


def test_rename_noreplace_over_a_name_is_eexist(cdn, top):
    cdn.fs(mk("create", top, "a"), mk("create", top, "b"))
    assert cdn.fs(rename(top, "a", top, "b", flags="noreplace"))[0] == {"errno": "EEXIST"}


def test_rename_exchange_swaps(cdn, top):
    a, b = (cdn.fs(mk("create", top, n))[0]["attr"]["id"] for n in "ab")
    cdn.fs(rename(top, "a", top, "b", flags="exchange"))
    assert [cdn.fs({"op": "lookup", "dir": top, "name": n})[0]["attr"]["id"] for n in "ab"] == [b, a]


def test_rename_exchange_with_nothing_is_enoent(cdn, top):
    cdn.fs(mk("create", top, "a"))
    assert cdn.fs(rename(top, "a", top, "b", flags="exchange"))[0] == {"errno": "ENOENT"}


def test_rename_of_nothing_is_enoent(cdn, top):
    assert cdn.fs(rename(top, "a", top, "b"))[0] == {"errno": "ENOENT"}


def test_rename_into_itself_is_einval(cdn, top):
    d = cdn.fs(mk("mkdir", top, "d", 0o755))[0]["attr"]["id"]
    e = cdn.fs(mk("mkdir", d, "e", 0o755))[0]["attr"]["id"]
    assert cdn.fs(rename(top, "d", e, "x"))[0] == {"errno": "EINVAL"}


def test_rename_over_a_full_directory_is_enotempty(cdn, top):
    d = cdn.fs(mk("mkdir", top, "d", 0o755), mk("mkdir", top, "e", 0o755))[0]["attr"]["id"]
    cdn.fs(mk("create", d, "f"))
    assert cdn.fs(rename(top, "e", top, "d"))[0] == {"errno": "ENOTEMPTY"}


@pytest.mark.parametrize("a,b,errno", [("f", "d", "EISDIR"), ("d", "f", "ENOTDIR")])
def test_rename_between_kinds_is_an_error(cdn, top, a, b, errno):
    cdn.fs(mk("create", top, "f"), mk("mkdir", top, "d", 0o755))
    assert cdn.fs(rename(top, a, top, b))[0] == {"errno": errno}


def test_readdir_has_names_and_attributes(cdn, top):
    ids = [cdn.fs(mk("create", top, n))[0]["attr"]["id"] for n in ("a", "b")]
    r = cdn.fs({"op": "readdir", "dir": top, "after": "", "limit": 100})[0]
    assert {e["name"]: e["attr"]["id"] for e in r["entries"]} == dict(zip(("a", "b"), ids))
    assert (r["more"], r["parent"]) == (False, ROOT)


def test_readdir_goes_on_after_a_name(cdn, top):
    cdn.fs(*(mk("create", top, f"n{i:03}") for i in range(50)))
    seen, after, more = [], "", True
    while more:
        r = cdn.fs({"op": "readdir", "dir": top, "after": after, "limit": 7})[0]
        seen += [e["name"] for e in r["entries"]]
        after, more = seen[-1], r["more"]
    assert sorted(seen) == [f"n{i:03}" for i in range(50)]


def test_readdir_of_a_file_is_enotdir(cdn, top):
    f = cdn.fs(mk("create", top, "f"))[0]["attr"]["id"]
    assert cdn.fs({"op": "readdir", "dir": f, "after": "", "limit": 1})[0] == {"errno": "ENOTDIR"}


def test_statfs_sums_the_nodes(cdn):
    r = cdn.fs({"op": "statfs"})[0]
    assert r["total"] == 3 * 2_000_000_000
    assert 0 < r["free"] <= r["total"]
    assert r["files"] > 0
    assert r["free_files"] > 0


@pytest.mark.parametrize("name,errno", [("", "EINVAL"), (".", "EINVAL"), ("..", "EINVAL"), ("a/b", "EINVAL"),
                                        ("x" * 256, "ENAMETOOLONG")])
def test_names_that_cannot_be(cdn, top, name, errno):
    assert cdn.fs(mk("create", top, name))[0] == {"errno": errno}


def test_lookup_tells_the_folder_around_one(cdn, top):
    inner = cdn.fs(mk("mkdir", top, "d"))[0]["attr"]["id"]
    found = cdn.fs({"op": "lookup", "dir": inner, "name": ".."}, {"op": "lookup", "dir": inner, "name": "."},
                   {"op": "lookup", "dir": 1, "name": ".."})
    assert [r["attr"]["id"] for r in found] == [top, inner, 1]


@pytest.mark.parametrize("name", ["x" * 255, "ü" * 127, "%FF", "%25", "%0A", "a b"])
def test_names_of_any_bytes(cdn, top, name):
    assert "attr" in cdn.fs(mk("create", top, name))[0]
    entries = cdn.fs({"op": "readdir", "dir": top, "after": "", "limit": 10})[0]["entries"]
    assert [e["name"] for e in entries] == [name]


def test_a_batch_goes_on_after_an_operation_that_failed(cdn, top):
    r = cdn.fs(mk("create", top, "a"), mk("create", top, "a"), mk("create", top, "b"))
    assert ["errno" in x for x in r] == [False, True, False]


def test_a_failed_operation_changes_nothing(cdn, top):
    before = cdn.fs({"op": "getattr", "id": top})[0]["attr"]
    cdn.fs({"op": "unlink", "dir": top, "name": "x"}, mk("create", top, "x" * 300))
    assert cdn.fs({"op": "getattr", "id": top})[0]["attr"] == before


def test_an_empty_batch_has_no_results(cdn):
    assert cdn.fs() == []


def test_a_batch_of_1024_is_done(cdn, top):
    assert len(cdn.fs(*({"op": "getattr", "id": top} for _ in range(1024)))) == 1024


def test_a_batch_of_1025_is_refused(cdn, top):
    cdn.fs(*({"op": "getattr", "id": top} for _ in range(1025)), expect=400)


def test_the_same_seq_again_returns_the_first_answer(cdn, top):
    session = secrets.token_hex(8)
    batch = {"session": session, "slot": 3, "seq": 5, "host": "h"}
    first = cdn.fs(mk("create", top, "once"), **batch)
    again = cdn.fs(mk("create", top, "once"), **batch)
    assert again == first
    assert "attr" in first[0]


def test_an_older_seq_is_409(cdn, top):
    session = secrets.token_hex(8)
    cdn.fs(mk("create", top, "a"), session=session, slot=0, seq=5, host="h")
    cdn.fs(mk("create", top, "b"), session=session, slot=0, seq=4, host="h", expect=409)
    assert cdn.fs({"op": "lookup", "dir": top, "name": "b"})[0] == {"errno": "ENOENT"}


def test_slots_and_sessions_count_apart(cdn, top):
    one, two = secrets.token_hex(8), secrets.token_hex(8)
    for i, (session, slot) in enumerate([(one, 0), (one, 255), (two, 0)]):
        assert "attr" in cdn.fs(mk("create", top, f"f{i}"), session=session, slot=slot, seq=1, host="h")[0]


def test_a_repeat_after_a_restart_still_returns_the_first_answer(new_cdn, driver):
    c = new_cdn(driver, nodes=1)
    batch = {"session": "s", "slot": 0, "seq": 1, "host": "h", "durable": True}
    first = c.fs(mk("create", ROOT, "once"), **batch)
    c.kill("dist")
    c.start("dist")
    assert c.fs(mk("create", ROOT, "once"), **batch) == first


WRONG_BATCHES = [
    b"", b"{", b"[]", b"null", b'"x"', b"{}", b'{"ops": 5}', b'{"ops": {}}', b'{"ops": [5]}', b'{"ops": [null]}',
    b'{"ops": [[]]}', b'{"ops": [{}]}', b'{"ops": [{"op": 5}]}', b'{"ops": [{"op": "explode"}]}',
    b'{"ops": [], "slot": 256}', b'{"ops": [], "slot": -1}', b'{"ops": [], "slot": "0"}', b'{"ops": [], "seq": -1}',
    b'{"ops": [], "seq": 1.5}', b'{"ops": [], "session": 5}', b'{"ops": [], "durable": "yes"}',
    b'{"ops": [], "session": "' + b"s" * 65 + b'", "seq": 1}', b'{"ops": [], "session": "s"}',
    b'{"ops": [{"op": "lookup"}]}', b'{"ops": [{"op": "lookup", "dir": 1}]}',
    b'{"ops": [{"op": "lookup", "dir": "1", "name": "x"}]}', b'{"ops": [{"op": "lookup", "dir": 0, "name": "x"}]}',
    b'{"ops": [{"op": "lookup", "dir": -1, "name": "x"}]}', b'{"ops": [{"op": "lookup", "dir": 1, "name": 5}]}',
    b'{"ops": [{"op": "lookup", "dir": 1, "name": "%"}]}', b'{"ops": [{"op": "lookup", "dir": 1, "name": "%00"}]}',
    b'{"ops": [{"op": "getattr"}]}', b'{"ops": [{"op": "getattr", "id": 1e30}]}',
    b'{"ops": [{"op": "setattr", "id": 1, "mode": "rwx"}]}', b'{"ops": [{"op": "setattr", "id": 1, "uid": -1}]}',
    b'{"ops": [{"op": "setattr", "id": 1, "mtime": [1]}]}', b'{"ops": [{"op": "setattr", "id": 1, "mtime": [1, 1e9]}]}',
    b'{"ops": [{"op": "setattr", "id": 1, "size": -1}]}',
    b'{"ops": [{"op": "create", "dir": 1, "name": "x"}]}',
    b'{"ops": [{"op": "mkdir", "dir": 1, "name": "x", "mode": 99999999, "uid": 0, "gid": 0}]}',
    b'{"ops": [{"op": "symlink", "dir": 1, "name": "x", "mode": 0, "uid": 0, "gid": 0}]}',
    b'{"ops": [{"op": "link", "dir": 1, "name": "x"}]}',
    b'{"ops": [{"op": "rename", "dir": 1, "name": "x"}]}',
    b'{"ops": [{"op": "rename", "dir": 1, "name": "x", "todir": 1, "toname": "y", "flags": "maybe"}]}',
    b'{"ops": [{"op": "readdir", "dir": 1, "limit": 0}]}', b'{"ops": [{"op": "readdir", "dir": 1, "limit": 16385}]}',
]


@pytest.mark.parametrize("body", WRONG_BATCHES, ids=lambda b: b[:60].decode(errors="replace"))
def test_a_malformed_batch_is_400(cdn, body):
    r = http("POST", cdn.url + "/fs", data=body)
    assert r.status_code == 400, r.text
    assert r.json()["message"]


def test_nothing_of_a_malformed_batch_is_done(cdn, top):
    cdn.fs(mk("create", top, "early"), {"op": "explode"}, expect=400)
    assert cdn.fs({"op": "lookup", "dir": top, "name": "early"})[0] == {"errno": "ENOENT"}


def test_a_batch_beyond_four_mebibytes_is_413(cdn):
    r = http("POST", cdn.url + "/fs", data=b'{"ops": [' + b" " * (4 << 20) + b"]}")
    assert r.status_code == 413


@pytest.mark.parametrize("opening,closing", [(b"[", b"]"), (b'{"a":', b"}")])
def test_a_body_nested_100000_deep_is_400(cdn, opening, closing):
    n = 100_000
    r = http("POST", cdn.url + "/fs", data=b'{"ops": ' + opening * n + b"1" + closing * n + b"}")
    assert r.status_code == 400
