"""dist: extended attributes and ACLs, by POST fs."""
import base64
import secrets

import pytest

from acls import ACCESS, DEFAULT, acl
from cluster import http

SOME, HAS_ACCESS, HAS_DEFAULT, HAS_CAPABILITY = 1, 2, 4, 8


def coded(value):
    return base64.b64encode(value).decode()


def mk(op, directory, name, mode=0o644, **kw):
    return {"op": op, "dir": directory, "name": name, "mode": mode, "uid": 7, "gid": 8, **kw}


@pytest.fixture
def top(cdn):
    return cdn.fs(mk("mkdir", 1, "x" + secrets.token_hex(8), 0o755))[0]["attr"]["id"]


@pytest.fixture
def file(cdn, top):
    return cdn.fs(mk("create", top, "f"))[0]["attr"]["id"]


@pytest.fixture
def put(cdn):
    return lambda id, name, value, **kw: cdn.fs(
        {"op": "setxattr", "id": id, "name": name, "value": coded(value), **kw})[0]


@pytest.fixture
def get(cdn):
    def ask(id, name):
        r = cdn.fs({"op": "getxattr", "id": id, "name": name})[0]
        return base64.b64decode(r["value"], validate=True) if "value" in r else r["errno"]
    return ask


def test_a_file_has_none_and_is_not_said_to(cdn, file):
    r = cdn.fs({"op": "listxattr", "id": file}, {"op": "getattr", "id": file})
    assert r[0]["xattrs"] == []
    assert r[0]["attr"] == r[1]["attr"]
    assert "xattrs" not in r[1]["attr"]


@pytest.mark.parametrize("value", [b"", b"text", bytes(range(256)), b"\0", b"%00"], ids=repr)
def test_values_are_bytes(put, get, file, value):
    assert put(file, "user.v", value)["attr"]["xattrs"] == SOME
    assert get(file, "user.v") == value


@pytest.mark.parametrize("name", ["user.plain", "user.\u00e9", "user.%FF%01", "trusted.overlay.x", "user.a.b c"])
def test_names_are_bytes(cdn, put, get, file, name):
    put(file, name, b"1")
    assert get(file, name) == b"1"
    assert cdn.fs({"op": "listxattr", "id": file})[0]["xattrs"] == [{"name": name, "value": "MQ=="}]


def test_lookup_and_readdir_tell_of_them(cdn, put, top, file):
    put(file, "security.capability", b"1")
    look, page = cdn.fs({"op": "lookup", "dir": top, "name": "f"}, {"op": "readdir", "dir": top, "limit": 9})
    assert look["attr"]["xattrs"] == HAS_CAPABILITY
    assert page["entries"][0]["attr"]["xattrs"] == HAS_CAPABILITY


def test_flags(put, file):
    assert put(file, "user.a", b"1", flags="replace") == {"errno": "ENODATA"}
    assert "attr" in put(file, "user.a", b"1", flags="create")
    assert put(file, "user.a", b"2", flags="create") == {"errno": "EEXIST"}
    assert "attr" in put(file, "user.a", b"2", flags="replace")


def test_removed_ones_are_gone(cdn, put, get, file):
    put(file, "user.a", b"1")
    r = cdn.fs({"op": "removexattr", "id": file, "name": "user.a"}, {"op": "removexattr", "id": file, "name": "user.a"})
    assert "xattrs" not in r[0]["attr"]
    assert r[1] == {"errno": "ENODATA"}
    assert get(file, "user.a") == "ENODATA"


def test_a_change_sets_ctime_alone(cdn, put, file):
    before = cdn.fs({"op": "getattr", "id": file})[0]["attr"]
    after = put(file, "user.a", b"1")["attr"]
    assert after["ctime"] > before["ctime"]
    assert after["mtime"] == before["mtime"]


@pytest.mark.parametrize("name, want", [
    ("user.", "EINVAL"), ("other.a", "EOPNOTSUPP"), ("plain", "EOPNOTSUPP"), ("", "ERANGE"),
    ("user." + "n" * 250, None), ("user." + "n" * 251, "ERANGE"), (DEFAULT, "EACCES")],
    ids=["namespace", "other", "plain", "empty", "longest", "too long", "default ACL"])
def test_names_that_are_refused(put, file, name, want):
    assert put(file, name, b"1").get("errno") == want


@pytest.mark.parametrize("size, want", [(65536, None), (65537, "E2BIG")])
def test_longest_value(put, get, file, size, want):
    assert put(file, "user.a", b"v" * size).get("errno") == want
    assert get(file, "user.a") == (want and "ENODATA" or b"v" * size)


def test_a_full_inode_is_enospc(put, get, file):
    for i in range(15):
        assert "attr" in put(file, f"user.{i}", b"v" * 65536)
    assert put(file, "user.15", b"v" * 65536) == {"errno": "ENOSPC"}
    assert get(file, "user.15") == "ENODATA"


def test_a_list_leaves_long_values_out(cdn, put, file):
    put(file, "user.a", b"a" * 16000)
    put(file, "user.b", b"b" * 1000)
    put(file, "user.c", b"c" * 384)
    listed = cdn.fs({"op": "listxattr", "id": file})[0]["xattrs"]
    assert [("value" in x, x["name"]) for x in listed] == [(True, "user.a"), (False, "user.b"), (True, "user.c")]


def test_special_files_have_no_user_attributes(cdn, put, top):
    for op, mode, more in [("mknod", 0o010644, {}), ("symlink", 0o777, {"target": "t"})]:
        one = cdn.fs(mk(op, top, "s" + op, mode, **more))[0]["attr"]["id"]
        assert put(one, "user.a", b"1") == {"errno": "EPERM"}
        assert "attr" in put(one, "trusted.a", b"1")


@pytest.mark.parametrize("field, value", [
    ("value", "not base64"), ("value", "Zg"), ("value", 7), ("value", None), ("name", None), ("name", "user.%0"),
    ("flags", "both"), ("flags", 1), ("id", 0), ("drop_setgid", "yes")], ids=repr)
def test_malformed(cdn, file, field, value):
    op = {"op": "setxattr", "id": file, "name": "user.a", "value": "", field: value}
    r = http("POST", cdn.base("dist") + "/fs", json={"ops": [{k: v for k, v in op.items() if v is not None}]})
    assert r.status_code == 400
    assert f"ops[0].{field}" in r.json()["message"]


@pytest.mark.parametrize("value", [b"", b"\2\0\0\0", b"\3\0\0\0" + acl("u6 g4 o4")[4:], acl("u6 g4"), acl("g4 u6 o4"),
                                   acl("u6 U9:7 g4 o4"), acl("u6 g4 o4") + b"\0"], ids=repr)
def test_malformed_acls(put, file, value):
    assert put(file, ACCESS, value) == {"errno": "EINVAL"}


def test_most_entries_of_an_acl(put, file):
    def many(n):
        return acl("u7 " + " ".join(f"U{i}:7" for i in range(1, n + 1)) + " g7 m7 o7")
    assert put(file, ACCESS, many(508)) == {"errno": "E2BIG"}
    assert "attr" in put(file, ACCESS, many(507))


def test_an_access_acl_and_the_mode(cdn, put, get, file):
    a = put(file, ACCESS, acl("u6 U1000:7 g4 m7 o0"))["attr"]
    assert (a["mode"], a["xattrs"]) == (0o100670, HAS_ACCESS)
    assert cdn.fs({"op": "setattr", "id": file, "mode": 0o751})[0]["attr"]["mode"] == 0o100751
    assert get(file, ACCESS) == acl("u7 U1000:7 g4 m5 o1")
    a = put(file, ACCESS, acl("u6 g4 o4"))["attr"]
    assert (a["mode"], "xattrs" in a) == (0o100644, False)
    assert get(file, ACCESS) == "ENODATA"


def test_set_group_id_and_who_sets_an_acl(cdn, put, top):
    cdn.fs({"op": "setattr", "id": top, "mode": 0o2775})
    assert put(top, ACCESS, acl("u7 U5:7 g7 m7 o5"))["attr"]["mode"] == 0o042775
    assert put(top, ACCESS, acl("u7 U5:7 g7 m7 o5"), drop_setgid=True)["attr"]["mode"] == 0o040775


@pytest.mark.parametrize("op, mode, want, got, default", [
    ("create", 0o666, 0o100660, "u6 U1000:6 g5 m6 o0", False),
    ("mkdir", 0o777, 0o040771, "u7 U1000:6 g5 m7 o1", True),
    ("mknod", 0o010600, 0o010600, "u6 U1000:6 g5 m0 o0", False)])
def test_a_default_acl_is_inherited(cdn, put, get, top, op, mode, want, got, default):
    base = acl("u7 U1000:6 g5 m7 o1")
    put(top, DEFAULT, base)
    a = cdn.fs(mk(op, top, "new", mode, umask=0o77))[0]["attr"]
    assert a["mode"] == want
    assert get(a["id"], ACCESS) == acl(got)
    assert get(a["id"], DEFAULT) == (base if default else "ENODATA")


def test_the_umask_counts_without_one(cdn, top):
    assert cdn.fs(mk("create", top, "a", 0o666, umask=0o27))[0]["attr"]["mode"] == 0o100640
    assert cdn.fs(mk("mkdir", top, "b", 0o777, umask=0o27))[0]["attr"]["mode"] == 0o040750
    assert cdn.fs(mk("symlink", top, "c", 0o777, umask=0o27, target="t"))[0]["attr"]["mode"] == 0o120777


def test_uploads_inherit_too(cdn, put, get):
    name = "x" + secrets.token_hex(8)
    top = cdn.fs(mk("mkdir", 1, name, 0o2755))[0]["attr"]["id"]
    assert cdn.files(f"{name}/plain", "PUT", data=b"1", allow_redirects=True).status_code == 200
    put(top, DEFAULT, acl("u7 U1000:6 g5 m6 o0"))
    assert cdn.files(f"{name}/new", "PUT", data=b"1", allow_redirects=True).status_code == 200
    look = {r["attr"]["mode"]: r["attr"] for r in cdn.fs({"op": "lookup", "dir": top, "name": "plain"},
                                                         {"op": "lookup", "dir": top, "name": "new"})}
    assert sorted(look) == [0o100644, 0o100660]
    assert [a["gid"] for a in look.values()] == [8, 8]
    assert get(look[0o100660]["id"], ACCESS) == acl("u6 U1000:6 g5 m6 o0")


def test_they_stay_through_rename_link_and_new_bytes_and_go_with_the_file(cdn, put, get, top, file):
    put(file, "user.a", b"1")
    cdn.fs({"op": "link", "id": file, "dir": top, "name": "l"}, {"op": "unlink", "dir": top, "name": "f"},
           {"op": "rename", "dir": top, "name": "l", "todir": top, "toname": "m"}, {"op": "setattr", "id": file, "size": 0})
    assert get(file, "user.a") == b"1"
    cdn.fs({"op": "unlink", "dir": top, "name": "m"})
    assert get(file, "user.a") == "ENOENT"


def test_they_survive_a_restart_of_dist(new_cdn):
    own = new_cdn()
    file = own.fs(mk("create", 1, "f"))[0]["attr"]["id"]
    own.fs({"op": "setxattr", "id": file, "name": "user.a", "value": "MQ=="})
    own.restart("dist")
    assert own.fs({"op": "getxattr", "id": file, "name": "user.a"})[0] == {"value": "MQ=="}
