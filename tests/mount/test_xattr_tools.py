"""Tools that copy attributes and ACLs, from a local disk to the mount and back."""
import os
import tempfile

import pytest

from acls import ACCESS, DEFAULT, acl
from actors import ALICE, LOCAL, STAFF
from tools import run


@pytest.fixture(scope="module")
def source():
    """A folder on the local disk with a bit of everything."""
    with tempfile.TemporaryDirectory(dir=LOCAL) as name:
        top = os.path.join(name, "top")
        os.mkdir(top)
        os.setxattr(top, DEFAULT, acl(f"u7 U{ALICE}:7 g5 m7 o0"))
        for d in ["a", "a/b"]:
            os.mkdir(os.path.join(top, d))
            for i in range(3):
                path = os.path.join(top, d, f"file{i}")
                with open(path, "wb") as f:
                    f.write(b"content" * i)
                os.chown(path, ALICE, STAFF)
        path = os.path.join(top, "a/file0")
        os.setxattr(path, "user.text", b"value")
        os.setxattr(path, "user.binary", b"\0\xff\n%")
        os.setxattr(path, "trusted.root", b"1")
        os.setxattr(path, ACCESS, acl(f"u6 U{ALICE}:6 g4 G{STAFF}:7 m6 o0"))
        os.link(path, os.path.join(top, "linked"))
        os.chmod(os.path.join(top, "a/file1"), 0o4711)
        os.setxattr(os.path.join(top, "a/file2"), "security.capability",
                    bytes.fromhex("0100000200200000000000000000000000000000"))
        os.symlink("a/file0", os.path.join(top, "symlink"))
        os.setxattr(os.path.join(top, "symlink"), "trusted.link", b"2", follow_symlinks=False)
        os.mkfifo(os.path.join(top, "fifo"))
        for folder, folders, files in os.walk(top, topdown=False):
            for path in files + folders:  # rsync leaves a time alone that is right to the second
                os.utime(os.path.join(folder, path), ns=(0, 1_234_567_890_123_456_789), follow_symlinks=False)
        os.utime(top, ns=(0, 1_234_567_890_123_456_789))
        yield top


def facts(top):
    """All that is to come along."""
    said = {}
    for folder, folders, files in os.walk(top):
        for path in [folder] + [os.path.join(folder, n) for n in files + folders]:
            st = os.lstat(path)
            attrs = {n: os.getxattr(path, n, follow_symlinks=False) for n in os.listxattr(path, follow_symlinks=False)}
            said[os.path.relpath(path, top)] = (st.st_mode, st.st_uid, st.st_gid, st.st_mtime_ns, attrs)
    return said


def test_rsync_twice(source, mnt):
    rsync = ["rsync", "-aHAX", "-i", f"{source}/", mnt / "copy/"]
    run(*rsync)
    assert facts(mnt / "copy") == facts(source)
    assert os.stat(mnt / "copy/linked").st_ino == os.stat(mnt / "copy/a/file0").st_ino
    assert run(*rsync) == ""


def test_rsync_changes_what_changed(source, mnt):
    rsync = ["rsync", "-aHAX", "-i", f"{source}/", mnt / "copy/"]
    run(*rsync)
    os.setxattr(mnt / "copy/a/file0", "user.text", b"other")
    os.setxattr(mnt / "copy/a/b/file1", ACCESS, acl("u6 U9:6 g4 m6 o0"))
    changed = run(*rsync).split("\n")
    assert sorted(line.split()[1] for line in changed if line) == ["a/b/file1", "a/file0", "linked"]
    assert facts(mnt / "copy") == facts(source)


def test_cp(source, mnt):
    run("cp", "-a", source, mnt / "copy")
    assert facts(mnt / "copy") == facts(source)
    run("cp", "-a", mnt / "copy", mnt / "again")
    assert facts(mnt / "again") == facts(source)


def test_tar(source, mnt, tmp_path):
    options = ["--xattrs", "--xattrs-include=*", "--acls", "--numeric-owner"]
    run("tar", "-C", source, "-cf", mnt / "first.tar", *options, ".")
    (mnt / "copy").mkdir()
    run("tar", "-C", mnt / "copy", "-xpf", mnt / "first.tar", *options)
    assert whole_seconds(facts(mnt / "copy")) == whole_seconds(facts(source))
    run("tar", "-C", mnt / "copy", "-cf", tmp_path / "second.tar", *options, ".")
    (mnt / "again").mkdir()
    run("tar", "-C", mnt / "again", "-xpf", tmp_path / "second.tar", *options)
    assert whole_seconds(facts(mnt / "again")) == whole_seconds(facts(source))


def whole_seconds(said):
    """tar's format of old knows no fractions."""
    return {path: (mode, uid, gid, mtime // 10**9, attrs) for path, (mode, uid, gid, mtime, attrs) in said.items()}
