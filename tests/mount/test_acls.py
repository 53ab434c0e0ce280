"""POSIX ACLs: the kernel enforces them, chmod and new names go by them; all of it on a local disk, too."""
import os
import stat

import pytest

from acls import ACCESS, DEFAULT, acl, text
from actors import ALICE, BOB, GUESTS, STAFF, as_user, outcome, place, write  # noqa: F401  (place is a fixture)
from harness import wait_for
from tools import run


def put(path, entries, name=ACCESS):
    return outcome(os.setxattr, path, name, acl(entries))


def get(path, name=ACCESS):
    value = outcome(os.getxattr, path, name)
    return value if isinstance(value, str) else text(value)


def mode(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


def read(path):
    with open(path, "rb") as f:
        return f.read()


def touch(path="f", bits=0o640):
    with open(path, "wb") as f:
        f.write(b"x")
    os.chmod(path, bits)


def test_a_named_user_may_and_others_may_not(place):
    touch()
    assert put("f", f"u6 U{ALICE}:6 g4 m6 o0") is None
    assert as_user(ALICE, read, "f") == b"x"
    assert as_user(ALICE, write, "f") == 1
    assert as_user(BOB, read, "f") == "EACCES"
    assert put("f", f"u6 U{ALICE}:4 g4 m6 o0") is None
    assert as_user(ALICE, write, "f") == "EACCES"
    assert put("f", "u6 g4 o4") is None
    assert as_user(BOB, read, "f") == b"x"


def test_a_named_user_may_less_than_others(place):
    touch(bits=0o666)
    assert put("f", f"u6 U{ALICE}:0 g4 m7 o6") is None
    assert as_user(ALICE, read, "f") == "EACCES"
    assert as_user(BOB, write, "f") == 1


def test_a_named_group_by_any_of_a_users_groups(place):
    touch()
    assert put("f", f"u6 g0 G{STAFF}:6 m6 o0") is None
    assert as_user(ALICE, write, "f") == "EACCES"
    assert as_user(ALICE, write, "f", gid=STAFF) == 1
    assert as_user(ALICE, write, "f") == "EACCES"


def test_a_further_group(place):
    touch()
    assert put("f", f"u6 g0 G{STAFF}:6 m6 o0") is None
    assert as_user_of(ALICE, [GUESTS, STAFF], write, "f") == 1
    assert as_user_of(ALICE, [GUESTS], write, "f") == "EACCES"


def as_user_of(uid, groups, call, *args):
    return as_user(uid, call, *args, groups=groups)


def test_the_mask_limits(place):
    touch()
    assert put("f", f"u6 U{ALICE}:6 g6 m4 o0") is None
    assert mode("f") == 0o640
    assert as_user(ALICE, read, "f") == b"x"
    assert as_user(ALICE, write, "f") == "EACCES"
    os.chmod("f", 0o660)
    assert get("f") == f"u6 U{ALICE}:6 g6 m6 o0"
    assert as_user(ALICE, write, "f") == 1
    os.chmod("f", 0o600)
    assert get("f") == f"u6 U{ALICE}:6 g6 m0 o0"
    assert as_user(ALICE, read, "f") == "EACCES"


def test_folders_too(place):
    os.mkdir("d", 0o700)
    touch("d/f", 0o666)
    assert as_user(ALICE, os.listdir, "d") == "EACCES"
    assert put("d", f"u7 U{ALICE}:5 g0 m5 o0") is None
    assert as_user(ALICE, os.listdir, "d") == ["f"]
    assert as_user(ALICE, write, "d/f") == 1
    assert as_user(ALICE, os.unlink, "d/f") == "EACCES"
    assert put("d", f"u7 U{ALICE}:7 g0 m7 o0") is None
    assert as_user(ALICE, os.unlink, "d/f") is None


def test_setting_one_sets_mode_and_ctime(place):
    touch(bits=0o4640)
    before = os.stat("f")
    put("f", f"u7 U{ALICE}:6 g4 m6 o1")
    after = os.stat("f")
    assert mode("f") == 0o4761
    assert after.st_ctime_ns > before.st_ctime_ns
    assert after.st_mtime_ns == before.st_mtime_ns
    assert os.listxattr("f") == [ACCESS]


def test_one_that_is_only_the_mode_is_not_kept(place):
    touch()
    put("f", f"u6 U{ALICE}:6 g4 m6 o0")
    assert put("f", "u7 g5 o1") is None
    assert mode("f") == 0o751
    assert get("f") == "ENODATA"
    assert os.listxattr("f") == []


def test_a_removed_one_leaves_the_mode(place):
    touch()
    put("f", f"u6 U{ALICE}:7 g4 m7 o0")
    assert outcome(os.removexattr, "f", ACCESS) is None
    assert (mode("f"), get("f")) == (0o670, "ENODATA")
    assert as_user(ALICE, read, "f") == "EACCES"


@pytest.mark.parametrize("value", [b"x", acl("u6 g4"), acl("u6 o4 g4"), acl("u6 U5:6 g4 o4"), b"\3" + acl("u6 g4 o4")[1:],
                                   acl("u6 g4 o4") + b"\0"], ids=lambda v: v.hex()[:40] + str(len(v)))
def test_malformed_ones(place, value):
    touch()
    want = "EOPNOTSUPP" if value[:1] == b"\3" else "EINVAL"
    assert outcome(os.setxattr, "f", ACCESS, value) == want
    assert get("f") == "ENODATA"


def test_only_the_owner_sets_one(place):
    touch(bits=0o666)
    os.chown("f", ALICE, ALICE)
    assert as_user(BOB, put, "f", "u6 U5:6 g4 m6 o0") == "EPERM"
    assert as_user(ALICE, put, "f", "u6 U5:6 g4 m6 o0") is None
    assert as_user(BOB, os.removexattr, "f", ACCESS) == "EPERM"
    assert as_user(BOB, get, "f") == "u6 U5:6 g4 m6 o0"


def test_where_there_are_none(place):
    touch()
    os.symlink("f", "l")
    assert put("f", "u6 g4 o4", DEFAULT) == "EACCES"
    assert get("f", DEFAULT) == "ENODATA"
    assert outcome(os.setxattr, "l", ACCESS, acl("u6 g4 o4"), follow_symlinks=False) == "EOPNOTSUPP"
    os.mkfifo("p", 0o600)
    assert put("p", "u6 U5:6 g4 m6 o0") is None
    assert get("p") == "u6 U5:6 g4 m6 o0"


@pytest.mark.parametrize("member", [False, True])
def test_setting_one_from_outside_the_group_takes_set_group_id(place, member):
    os.mkdir("d")
    os.chown("d", ALICE, STAFF)
    os.chmod("d", 0o2775)
    entries = "u7 U5:7 g7 m7 o5"
    assert as_user(ALICE, put, "d", entries, groups=[GUESTS, STAFF] if member else [GUESTS]) is None
    assert mode("d") == (0o2775 if member else 0o775)
    os.chmod("d", 0o2775)
    assert put("d", entries) is None
    assert mode("d") == 0o2775


BASE = f"u7 U{ALICE}:6 g5 m7 o1"


def new(kind, bits):
    old = os.umask(0o077)
    try:
        if kind == "file":
            os.close(os.open("d/n", os.O_CREAT | os.O_WRONLY | os.O_EXCL, bits))
        elif kind == "folder":
            os.mkdir("d/n", bits)
        elif kind == "fifo":
            os.mkfifo("d/n", bits)
        else:
            os.symlink("x", "d/n")
    finally:
        os.umask(old)


@pytest.mark.parametrize("kind, bits, want, access, default", [
    ("file", 0o666, 0o660, f"u6 U{ALICE}:6 g5 m6 o0", "ENODATA"),
    ("file", 0o600, 0o600, f"u6 U{ALICE}:6 g5 m0 o0", "ENODATA"),
    ("folder", 0o777, 0o771, BASE, BASE),
    ("fifo", 0o644, 0o640, f"u6 U{ALICE}:6 g5 m4 o0", "ENODATA")])
def test_a_default_one_is_handed_on_and_the_umask_does_not_count(place, kind, bits, want, access, default):
    os.mkdir("d")
    assert put("d", BASE, DEFAULT) is None
    assert mode("d") == 0o755
    new(kind, bits)
    assert mode("d/n") == want
    assert (get("d/n"), get("d/n", DEFAULT)) == (access, default)
    assert as_user(BOB, os.access, "d/n", os.R_OK) is False


def test_a_link_gets_none(place):
    os.mkdir("d")
    put("d", BASE, DEFAULT)
    new("link", 0)
    assert mode("d/n") == 0o777
    assert outcome(os.getxattr, "d/n", ACCESS, follow_symlinks=False) in ("ENODATA", "EOPNOTSUPP")


def test_one_that_is_only_the_mode_is_handed_on_as_such(place):
    os.mkdir("d")
    put("d", "u7 g5 o0", DEFAULT)
    new("file", 0o666)
    assert (mode("d/n"), get("d/n")) == (0o640, "ENODATA")
    os.mkdir("d/s")
    assert (mode("d/s"), get("d/s"), get("d/s", DEFAULT)) == (0o750, "ENODATA", "u7 g5 o0")


def test_without_one_the_umask_counts(place):
    os.mkdir("d")
    put("d", BASE, DEFAULT)
    assert outcome(os.removexattr, "d", DEFAULT) is None
    new("file", 0o666)
    assert (mode("d/n"), get("d/n")) == (0o600, "ENODATA")
    os.mkdir("e")
    put("e", f"u7 U{ALICE}:7 g5 m7 o5")  # an access ACL is not handed on
    os.mkdir("e/s")
    assert (mode("e/s"), get("e/s")) == (0o755, "ENODATA")


def test_a_users_new_files_in_a_set_group_id_folder(place):
    os.mkdir("d")
    os.chown("d", 0, STAFF)
    os.chmod("d", 0o2777)
    assert as_user(ALICE, touch, "d/f", 0o666) is None
    assert as_user(ALICE, os.mkdir, "d/s") is None
    assert as_user(ALICE, lambda: os.close(os.open("d/x", os.O_CREAT | os.O_WRONLY, 0o2755))) is None
    assert [os.stat(f"d/{n}").st_gid for n in "fsx"] == [STAFF] * 3
    assert [mode(f"d/{n}") for n in "fsx"] == [0o666, 0o2755, 0o755]
    assert as_user(ALICE, lambda: os.close(os.open("d/y", os.O_CREAT | os.O_WRONLY, 0o2755)), groups=[STAFF]) is None
    assert mode("d/y") == 0o2755


def test_a_users_write_takes_set_id_bits_and_leaves_the_acl(place):
    touch()
    put("f", f"u7 U{ALICE}:7 g5 m7 o0")
    os.chmod("f", 0o6770)
    assert as_user(ALICE, write, "f") == 1
    assert (mode("f"), get("f")) == (0o770, f"u7 U{ALICE}:7 g5 m7 o0")


def test_setfacl_and_getfacl(place):
    os.mkdir("d")
    touch("d/f", 0o640)
    run("setfacl", "-R", "-m", f"u:{ALICE}:rwX,g:{STAFF}:rX,d:u:{ALICE}:rwx", "d")
    assert run("getfacl", "-n", "-c", "-p", "d/f").split() == [
        "user::rw-", f"user:{ALICE}:rw-", "group::r--", f"group:{STAFF}:r--", "mask::rw-", "other::---"]
    assert run("getfacl", "-n", "-c", "-p", "-d", "d").split() == [
        "user::rwx", f"user:{ALICE}:rwx", "group::r-x", "mask::rwx", "other::r-x"]
    touch("d/g")
    assert f"user:{ALICE}:" in run("getfacl", "-n", "d/g")
    run("setfacl", "-R", "-b", "d")
    assert (get("d/f"), get("d"), get("d", DEFAULT)) == ("ENODATA",) * 3
    assert mode("d/f") == 0o640


def test_many_entries(place):
    touch()
    entries = "u7 " + " ".join(f"U{i}:{i % 8}" for i in range(1, 400)) + " g7 m7 o7"
    assert put("f", entries) is None
    assert get("f") == entries


# --- what is the mount's own

def test_they_survive_a_mount_and_another_mount_goes_by_them(cdn, monkeypatch):
    one, two = (cdn.mount(cdn.tmp / name) for name in ["a", "b"])
    monkeypatch.chdir(one.path)
    touch("f", 0o600)
    put("f", f"u6 U{ALICE}:4 g0 m4 o0")
    monkeypatch.chdir(two.path)
    assert get("f") == f"u6 U{ALICE}:4 g0 m4 o0"
    assert as_user(ALICE, read, "f") == b"x"
    monkeypatch.chdir("/")
    one.umount()
    two.umount()
    cdn.restart("dist")
    one = cdn.mount(cdn.tmp / "a")
    monkeypatch.chdir(one.path)
    assert get("f") == f"u6 U{ALICE}:4 g0 m4 o0"
    monkeypatch.chdir("/")


def test_the_kernel_goes_by_what_another_mount_changed(cdn, monkeypatch):
    one, two = (cdn.mount(cdn.tmp / name) for name in ["a", "b"])
    monkeypatch.chdir(two.path)
    touch(one.path / "f", 0o660)
    put(one.path / "f", "u6 U5:6 g6 m6 o0")
    assert as_user(ALICE, read, "f") == "EACCES"  # it has the ACL now
    put(one.path / "f", f"u6 U{ALICE}:6 g6 m6 o0")
    wait_for("the right to read", lambda: as_user(ALICE, read, "f") == b"x")
    (one.path / "f").chmod(0o600)
    wait_for("the mask that takes it", lambda: as_user(ALICE, read, "f") == "EACCES")
    monkeypatch.chdir("/")


def test_where_permissions_are_shown_otherwise_there_are_none(cdn):
    plain, shown = cdn.mount(cdn.tmp / "a"), cdn.mount(cdn.tmp / "b", "umask=022")
    touch(plain.path / "f")
    put(plain.path / "f", "u6 U5:6 g4 m6 o0")
    assert get(shown.path / "f") == "EOPNOTSUPP"
    assert put(shown.path / "f", "u6 g4 o4") == "EOPNOTSUPP"
    assert mode(shown.path / "f") == 0o640


def test_an_upload_by_rest_inherits(cdn, monkeypatch):
    m = cdn.mount(cdn.tmp / "a")
    (m.path / "d").mkdir()
    put(m.path / "d", f"u7 U{ALICE}:6 g5 m7 o0", DEFAULT)
    run("curl", "-sSfL", "-T-", f"{cdn.url}/files/d/f", input="x")
    assert (mode(m.path / "d/f"), get(m.path / "d/f")) == (0o660, f"u6 U{ALICE}:6 g5 m6 o0")
    monkeypatch.chdir(m.path)
    assert as_user(ALICE, read, "d/f") == b"x"
    monkeypatch.chdir("/")
