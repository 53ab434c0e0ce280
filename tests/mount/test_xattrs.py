"""Extended attributes through the mount; what is not the mount's own is asked of a local disk, too."""
import ctypes
import errno
import os
import socket
import stat

import pytest

from actors import ALICE, BOB, as_user, outcome, place, write  # noqa: F401  (place is a fixture)
from harness import wait_for

LIBC = ctypes.CDLL(None, use_errno=True)
CAPABILITY = "security.capability"
CAP_NET_RAW = bytes.fromhex("0100000200200000000000000000000000000000")
SET_ID_TOO = 0o6755


def set_(path, name, value=b"1", flags=0, follow=True):
    return outcome(os.setxattr, path, name, value, flags, **({} if follow else {"follow_symlinks": False}))


def get(path, name, follow=True):
    return outcome(os.getxattr, path, name, follow_symlinks=follow)


def names(path, follow=True):
    return sorted(outcome(os.listxattr, path, **({} if follow else {"follow_symlinks": False})))


def remove(path, name, follow=True):
    return outcome(os.removexattr, path, name, follow_symlinks=follow)


def touch(path="f", mode=0o644):
    with open(path, "wb") as f:
        f.write(b"0123456789")
    os.chmod(path, mode)
    return path


@pytest.mark.parametrize("value", [b"", b"text", b"\0\1\xff", bytes(range(256)) * 4], ids=lambda v: str(len(v)))
def test_values_come_back(place, value):
    touch()
    assert set_("f", "user.v", value) is None
    assert get("f", "user.v") == value
    assert names("f") == ["user.v"]


def test_a_value_is_replaced_and_removed(place):
    touch()
    set_("f", "user.a", b"long value")
    set_("f", "user.b")
    set_("f", "user.a", b"2")
    assert get("f", "user.a") == b"2"
    assert remove("f", "user.a") is None
    assert get("f", "user.a") == "ENODATA"
    assert remove("f", "user.a") == "ENODATA"
    assert names("f") == ["user.b"]


def test_create_and_replace(place):
    touch()
    assert set_("f", "user.a", b"1", os.XATTR_REPLACE) == "ENODATA"
    assert set_("f", "user.a", b"1", os.XATTR_CREATE) is None
    assert set_("f", "user.a", b"2", os.XATTR_CREATE) == "EEXIST"
    assert set_("f", "user.a", b"3", os.XATTR_REPLACE) is None
    assert get("f", "user.a") == b"3"


def raw(call, *args):
    """A size, or the errno's name."""
    n = call(*args)
    return n if n >= 0 else errno.errorcode[ctypes.get_errno()]


def test_sizes_are_told_and_too_little_room_is_erange(place):
    touch()
    set_("f", "user.a", b"12345")
    set_("f", "user.bc", b"1")
    room = ctypes.create_string_buffer(64)
    assert raw(LIBC.getxattr, b"f", b"user.a", None, 0) == 5
    assert raw(LIBC.getxattr, b"f", b"user.a", room, 5) == 5
    assert raw(LIBC.getxattr, b"f", b"user.a", room, 4) == "ERANGE"
    assert raw(LIBC.listxattr, b"f", None, 0) == 15
    assert raw(LIBC.listxattr, b"f", room, 15) == 15
    assert raw(LIBC.listxattr, b"f", room, 14) == "ERANGE"


@pytest.mark.parametrize("name, want", [
    ("user.", "EINVAL"), ("trusted.", "EINVAL"), ("security.", "EINVAL"), ("other.a", "EOPNOTSUPP"), ("plain", "EOPNOTSUPP"),
    ("system.other", "EOPNOTSUPP"), ("user." + "n" * 250, None), ("user." + "n" * 251, "ERANGE")], ids=lambda v: str(v)[:15])
def test_names(place, name, want):
    touch()
    assert set_("f", name) == want
    assert get("f", name) == (want or b"1")


def test_an_open_file_and_a_link(place):
    touch()
    os.symlink("f", "l")
    with open("f", "rb") as f:
        os.setxattr(f.fileno(), "user.a", b"1")
        assert os.getxattr(f.fileno(), "user.a") == b"1"
        assert os.listxattr(f.fileno()) == ["user.a"]
    assert get("l", "user.a") == b"1"
    assert names("l", follow=False) == []
    assert set_("l", "trusted.a", b"2", follow=False) is None
    assert get("l", "trusted.a", follow=False) == b"2"
    assert get("f", "trusted.a") == "ENODATA"


def test_only_files_and_folders_have_user_attributes(place):
    os.symlink("nowhere", "link")
    os.mkfifo("fifo")
    os.mknod("device", stat.S_IFCHR | 0o600, os.makedev(1, 3))
    with socket.socket(socket.AF_UNIX) as s:
        s.bind("socket")
    os.mkdir("folder")
    for name in ["link", "fifo", "device", "socket"]:
        assert set_(name, "user.a", follow=False) == "EPERM"
        assert get(name, "user.a", follow=False) == "ENODATA"
        assert remove(name, "user.a", follow=False) == "EPERM"
        assert set_(name, "trusted.a", follow=False) is None
        assert names(name, follow=False) == ["trusted.a"]
    assert set_("folder", "user.a") is None


def test_a_users_attributes_are_as_safe_as_the_files(place):
    touch("closed", 0o600)
    touch("readable", 0o644)
    touch("writable", 0o666)
    for name in ["closed", "readable", "writable"]:
        set_(name, "user.a")
    assert [as_user(ALICE, os.getxattr, n, "user.a") for n in ["closed", "readable", "writable"]] == ["EACCES", b"1", b"1"]
    assert [as_user(ALICE, os.setxattr, n, "user.a", b"2") for n in ["closed", "readable", "writable"]] == \
        ["EACCES", "EACCES", None]
    assert [as_user(ALICE, os.removexattr, n, "user.a") for n in ["closed", "readable", "writable"]] == \
        ["EACCES", "EACCES", None]
    assert as_user(ALICE, os.listxattr, "closed") == ["user.a"]


def test_a_sticky_folders_are_its_owners(place):
    os.mkdir("d")
    os.chown("d", ALICE, ALICE)
    os.chmod("d", 0o1777)
    assert as_user(BOB, os.setxattr, "d", "user.a", b"1") == "EPERM"
    assert as_user(ALICE, os.setxattr, "d", "user.a", b"1") is None
    assert as_user(BOB, os.removexattr, "d", "user.a") == "EPERM"
    os.chmod("d", 0o777)
    assert as_user(BOB, os.setxattr, "d", "user.b", b"1") is None


def test_trusted_ones_are_for_those_who_may_do_everything(place):
    touch()
    os.chown("f", ALICE, ALICE)
    set_("f", "trusted.a")
    set_("f", "user.a")
    assert as_user(ALICE, os.getxattr, "f", "trusted.a") == "ENODATA"
    assert as_user(ALICE, os.setxattr, "f", "trusted.b", b"1") == "EPERM"
    assert as_user(ALICE, os.removexattr, "f", "trusted.a") == "EPERM"
    assert as_user(ALICE, os.listxattr, "f") == ["user.a"]
    assert names("f") == ["trusted.a", "user.a"]


def test_security_ones_can_be_read_by_all(place):
    touch()
    os.chown("f", ALICE, ALICE)
    assert set_("f", "security.mine", b"1") is None
    assert as_user(ALICE, os.getxattr, "f", "security.mine") == b"1"
    assert as_user(ALICE, os.setxattr, "f", "security.mine", b"2") == "EPERM"
    assert as_user(ALICE, os.setxattr, "f", CAPABILITY, CAP_NET_RAW) == "EPERM"


def taken(mode):
    return stat.S_IMODE(mode) & 0o6000, CAPABILITY in os.listxattr("f")


def privileged(**kw):
    touch("f")
    os.chown("f", ALICE, ALICE)
    os.chmod("f", kw.get("mode", SET_ID_TOO) | 0o022)
    set_("f", CAPABILITY, CAP_NET_RAW)
    assert get("f", CAPABILITY) == CAP_NET_RAW


CHANGES = {
    "write": lambda: write("f"),
    "append": lambda: write("f", flags=os.O_APPEND),
    "write at once": lambda: write("f", flags=os.O_DSYNC),
    "truncate": lambda: os.truncate("f", 3),
    "truncate to nothing": lambda: os.truncate("f", 0),
    "open with O_TRUNC": lambda: os.close(os.open("f", os.O_WRONLY | os.O_TRUNC)),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("mode", [0o6755, 0o2745], ids=oct)
def test_a_users_change_takes_set_id_bits_and_capabilities(place, change, mode):
    privileged(mode=mode)
    assert as_user(BOB, CHANGES[change]) in (None, 1)
    assert taken(os.stat("f").st_mode) == (0, False)


@pytest.mark.parametrize("change", CHANGES)
def test_a_members_change_leaves_a_set_group_id_that_is_none(place, change):
    privileged(mode=0o2745)  # without the group's x
    assert as_user(BOB, CHANGES[change], groups=[ALICE]) in (None, 1)
    assert taken(os.stat("f").st_mode) == (0o2000, False)


@pytest.mark.parametrize("change", CHANGES)
def test_roots_change_takes_capabilities_alone(place, change):
    privileged()
    CHANGES[change]()
    assert taken(os.stat("f").st_mode) == (0o6000, False)


@pytest.mark.parametrize("who", ["root", "owner"])
def test_chown_takes_both(place, who):
    privileged()
    if who == "root":
        os.chown("f", BOB, -1)
    else:
        assert as_user(ALICE, os.chown, "f", -1, ALICE) is None
    assert taken(os.stat("f").st_mode) == (0, False)


def test_chmod_by_someone_outside_the_group(place):
    touch()
    os.chown("f", ALICE, BOB)
    assert as_user(ALICE, os.chmod, "f", 0o6755) is None
    assert stat.S_IMODE(os.stat("f").st_mode) == 0o4755
    os.chown("f", ALICE, ALICE)
    assert as_user(ALICE, os.chmod, "f", 0o6755) is None
    assert stat.S_IMODE(os.stat("f").st_mode) == 0o6755
    os.chown("f", ALICE, BOB)
    assert as_user(ALICE, lambda: os.chmod("f", 0o2755) or stat.S_IMODE(os.stat("f").st_mode), groups=[5, BOB]) == 0o2755


def test_a_change_sets_ctime_alone(place):
    touch()
    before = os.stat("f")
    set_("f", "user.a")
    after = os.stat("f")
    assert after.st_ctime_ns > before.st_ctime_ns
    assert (after.st_mtime_ns, after.st_size, after.st_mode) == (before.st_mtime_ns, before.st_size, before.st_mode)
    remove("f", "user.a")
    assert os.stat("f").st_ctime_ns > after.st_ctime_ns


def test_names_of_the_file_share_them(place):
    touch()
    set_("f", "user.a")
    os.link("f", "g")
    set_("g", "user.b", b"2")
    os.unlink("f")
    os.rename("g", "h")
    assert names("h") == ["user.a", "user.b"]
    touch("other")
    set_("other", "user.o", b"o")
    os.rename("other", "h")
    assert names("h") == ["user.o"]
    os.unlink("h")
    touch("h")
    assert names("h") == []


def test_new_bytes_leave_them(place):
    touch()
    set_("f", "user.a")
    write("f", b"new bytes")
    write("f", b"more", os.O_APPEND)
    os.truncate("f", 0)
    assert get("f", "user.a") == b"1"


def test_many(place):
    touch()
    for i in range(60):
        set_("f", f"user.{i:02}", b"v" * i)
    assert names("f") == [f"user.{i:02}" for i in range(60)]
    assert [get("f", f"user.{i:02}") for i in range(60)] == [b"v" * i for i in range(60)]
    for i in range(0, 60, 2):
        remove("f", f"user.{i:02}")
    assert names("f") == [f"user.{i:02}" for i in range(1, 60, 2)]


@pytest.mark.parametrize("asked", [True, False], ids=["asked for before", "never asked for"])
@pytest.mark.parametrize("take_away", [lambda: os.unlink("f"), lambda: os.rename(touch("g"), "f")],
                         ids=["unlinked", "replaced"])
def test_an_open_file_without_a_name_keeps_its_own(place, take_away, asked):
    touch()
    set_("f", "user.a")
    set_("f", "user.b", b"2")
    with open("f", "rb") as f:
        if asked:
            assert os.getxattr(f.fileno(), "user.a") == b"1"
        take_away()
        assert os.getxattr(f.fileno(), "user.a") == b"1"
        assert os.getxattr(f.fileno(), "user.b") == b"2"
        assert sorted(os.listxattr(f.fileno())) == ["user.a", "user.b"]


def test_an_open_folder_without_a_name_keeps_its_own(place):
    os.mkdir("d")
    set_("d", "user.a")
    fd = os.open("d", os.O_RDONLY)
    os.rmdir("d")
    assert os.getxattr(fd, "user.a") == b"1"
    os.close(fd)


# --- what is the mount's own

@pytest.fixture
def file(mnt):
    return touch(mnt / "f")


def test_the_longest_value(file):
    value = os.urandom(65536)
    assert set_(file, "user.long", value) is None
    set_(file, "user.short", b"1")
    assert get(file, "user.long") == value
    assert get(file, "user.short") == b"1"
    assert names(file) == ["user.long", "user.short"]
    assert set_(file, "user.longer", value + b"1") == "E2BIG"


def test_a_full_inode(file):
    for i in range(15):
        assert set_(file, f"user.{i}", b"v" * 65536) is None
    assert set_(file, "user.15", b"v" * 65536) == "ENOSPC"
    assert get(file, "user.15") == "ENODATA"
    assert get(file, "user.14") == b"v" * 65536


def test_the_longest_list(file):
    for i in range(256):
        assert set_(file, f"user.{i:03}" + "n" * 247, b"") is None
    assert set_(file, "user.one", b"") == "ENOSPC"
    assert len(names(file)) == 256


def test_a_mounts_own_entries_have_none(mounted_cdn):
    own = mounted_cdn.mounts[0].path / ".cdnfs"
    for path in [own, own / "metrics"]:
        assert names(path) == []
        assert get(path, "user.a") == "ENODATA"
        assert set_(path, "user.a") == "EPERM"
        assert remove(path, "user.a") == "EPERM"


def test_they_survive_a_mount_and_a_restart_of_dist(cdn):
    m = cdn.mount(cdn.tmp / "m")
    file = touch(m.path / "f")
    set_(file, "user.a", b"\0kept")
    m.umount()
    cdn.restart("dist")
    m = cdn.mount(cdn.tmp / "m")
    assert get(file, "user.a") == b"\0kept"
    assert names(file) == ["user.a"]


def test_an_open_file_without_a_name_gets_no_new_ones(file):
    with open(file, "rb") as f:
        file.unlink()
        assert set_(f.fileno(), "user.a") == "EOPNOTSUPP"
        assert names(f.fileno()) == []


def test_an_open_file_without_a_name_loses_long_values_that_are_many(file):
    for i in range(3):
        set_(file, f"user.{i}", b"v" * 16384)
    with open(file, "rb") as f:
        file.unlink()
        assert [outcome(os.getxattr, f.fileno(), f"user.{i}") for i in range(3)] == [b"v" * 16384, "ENODATA", "ENODATA"]


def test_another_mount_sees_them(cdn):
    one, two = (cdn.mount(cdn.tmp / name).path for name in ["a", "b"])
    touch(one / "f")
    assert names(two / "f") == []
    set_(one / "f", "user.a", b"1")
    wait_for("the attribute in the other mount", lambda: get(two / "f", "user.a") == b"1")
    set_(two / "f", "user.a", b"2")
    wait_for("its new value", lambda: get(one / "f", "user.a") == b"2")
    remove(one / "f", "user.a")
    wait_for("its end", lambda: names(two / "f") == [])


@pytest.fixture
def counted(cdn):
    """A mount that keeps attributes for an hour, and counted(call): the requests that it costs."""
    m = cdn.mount(cdn.tmp / "m", "attr_timeout=3600")

    def count(call):
        before = m.requests()
        call()
        return m.requests() - before
    count.path = m.path
    return count


def test_a_file_without_costs_no_request(counted):
    paths = [touch(counted.path / str(i)) for i in range(20)]

    def ask():
        for path in paths:
            assert names(path) == []
            assert get(path, "user.a") == "ENODATA"
            assert get(path, CAPABILITY) == "ENODATA"
            assert get(path, "system.posix_acl_access") == "ENODATA"
    assert counted(ask) == 0


def test_a_file_with_costs_one(counted):
    path = touch(counted.path / "f")
    for i in range(20):
        set_(path, f"user.{i}", b"v" * 500)

    def ask():
        for i in range(20):
            assert get(path, f"user.{i}") == b"v" * 500
            assert get(path, "system.posix_acl_access") == "ENODATA"
            assert len(names(path)) == 20
    assert counted(ask) == 1
    assert counted(ask) == 0


def test_writes_cost_no_request(counted):
    path = touch(counted.path / "f")
    set_(path, "user.a")
    with open(path, "r+b", buffering=0) as f:
        f.write(b"first")
        assert counted(lambda: [f.write(b"x") for _ in range(50)]) == 0


def test_a_listing_tells_that_there_are_none(counted):
    for i in range(20):
        touch(counted.path / str(i))
    with os.scandir(counted.path) as entries:
        paths = [e.path for e in entries]
        for path in paths:
            os.stat(path)
    assert counted(lambda: [names(path) for path in paths]) == 0


@pytest.mark.parametrize("attributes,requests", [(0, 1), (3, 2)])
def test_an_open_file_that_loses_its_name_is_asked_for_those_it_has(counted, attributes, requests):
    path = touch(counted.path / "f")
    for i in range(attributes):
        set_(path, f"user.{i}")
    with open(path, "r+b", buffering=0) as f:
        f.write(b"changed")
        assert counted(path.unlink) == requests
        assert counted(lambda: os.listxattr(f.fileno())) == 0


def test_a_file_that_is_not_open_is_not_asked_for_any(counted):
    path = touch(counted.path / "f")
    set_(path, "user.a")
    assert counted(path.unlink) == 1
