"""Advisory locks by POST fs: the mounts' door. The rules of ranges: unit/dist/locks_test.c."""
import itertools
import secrets

import pytest

END = 2**53 - 1
SEQ = itertools.count()


class Session:
    """One mount, as dist sees it."""

    def __init__(self, cdn, fid):
        self.cdn, self.fid, self.name = cdn, fid, secrets.token_hex(8)

    def op(self, op, **fields):
        return self.cdn.fs({"op": op, **fields}, session=self.name, seq=next(SEQ))[0]

    def lock(self, kind, first=0, last=END, op="lock", owner="1", flock=False):
        return self.op(op, id=self.fid, owner=owner, kind="flock" if flock else "posix", type=kind, first=first, last=last,
                       pid=42)


@pytest.fixture
def fid(cdn):
    return cdn.fs({"op": "create", "dir": 1, "name": secrets.token_hex(8), "mode": 0o600, "uid": 0, "gid": 0})[0]["attr"]["id"]


@pytest.fixture
def one(cdn, fid):
    return Session(cdn, fid)


@pytest.fixture
def two(cdn, fid):
    return Session(cdn, fid)


def test_a_writer_excludes(one, two):
    assert one.lock("write", 10, 19) == {}
    assert two.lock("read", 19, 30) == {"errno": "EBUSY"}
    assert two.lock("read", 20, 30) == {}
    assert two.lock("write", op="getlock") == {"type": "write", "first": 10, "last": 19, "pid": 0}
    assert one.lock("write", op="getlock", owner="ff") == {"type": "write", "first": 10, "last": 19, "pid": 42,
                                                                "owner": "1"}
    assert one.lock("none") == {}
    assert two.lock("write") == {}


def test_flock_and_fcntl_do_not_meet(one, two):
    assert one.lock("write") == {}
    assert two.lock("write", flock=True) == {}
    assert one.lock("read", flock=True) == {"errno": "EBUSY"}


def test_a_session_gives_all_back(one, two):
    assert one.op("renewlocks") == {"errno": "ESTALE"}
    assert one.lock("write") == {}
    assert one.op("renewlocks") == {}
    assert one.op("droplocks") == {}
    assert two.lock("write") == {}


def test_a_repeat_is_applied_once(cdn, one, two):
    ask = {"op": "lock", "id": one.fid, "owner": "a", "kind": "posix", "type": "write", "first": 0, "last": 5}
    batch = {"session": one.name, "slot": 1, "seq": 0}
    assert cdn.fs(ask, **batch) == [{}]
    assert one.op("droplocks") == {}
    assert two.lock("write") == {}
    assert cdn.fs(ask, **batch) == [{}]  # the first answer again; the lock is the other's
    assert one.lock("read") == {"errno": "EBUSY"}


def test_without_a_session(cdn, fid):
    ask = {"op": "lock", "id": fid, "owner": "a", "kind": "posix", "type": "write", "first": 0, "last": 5}
    assert cdn.fs(ask) == [{"errno": "EINVAL"}]
    assert cdn.fs({"op": "droplocks"}) == [{"errno": "EINVAL"}]
    assert cdn.fs({"op": "renewlocks"}) == [{"errno": "EINVAL"}]


@pytest.mark.parametrize("field, value", [
    ("id", 0), ("id", None), ("owner", ""), ("owner", "x"), ("owner", "-1"), ("owner", "0" * 17), ("owner", None),
    ("kind", "lease"), ("kind", None), ("type", "exclusive"), ("type", None), ("first", -1), ("first", None),
    ("last", END + 1), ("last", None), ("pid", -1)])
def test_bad_fields(cdn, one, field, value):
    ask = {"op": "lock", "id": one.fid, "owner": "a", "kind": "posix", "type": "write", "first": 0, "last": 5, "pid": 1}
    ask[field] = value
    if value is None:
        del ask[field]
    said = cdn.fs(ask, session=one.name, seq=next(SEQ), expect=400)
    assert said["message"].startswith(f"ops[0].{field}: ")
    assert one.lock("write", op="getlock", owner="9")["type"] == "none"


def test_a_range_that_ends_before_it_begins(one):
    assert one.lock("write", 5, 4) == {"errno": "EINVAL"}


def test_a_lock_outlives_dist(new_cdn):
    cdn = new_cdn(nodes=1)
    fid = cdn.fs({"op": "create", "dir": 1, "name": "f", "mode": 0o600, "uid": 0, "gid": 0})[0]["attr"]["id"]
    one, two = Session(cdn, fid), Session(cdn, fid)
    assert one.lock("write") == {}
    cdn.kill("dist")
    cdn.start("dist")
    assert two.lock("read") == {"errno": "EBUSY"}
    assert one.op("renewlocks") == {}


def test_two_dists_share_locks(new_cdn):
    cdn = new_cdn("postgres", nodes=1, dists=2)
    fid = cdn.fs({"op": "create", "dir": 1, "name": "f", "mode": 0o600, "uid": 0, "gid": 0})[0]["attr"]["id"]
    assert Session(cdn, fid).lock("write") == {}
    ask = {"op": "lock", "id": fid, "owner": "a", "kind": "posix", "type": "read", "first": 0, "last": 5}
    assert cdn.fs(ask, url=cdn.base("dist2"), session="x", seq=1) == [{"errno": "EBUSY"}]
