"""Mount options, as mount(8), fstab and people give them: what they make of the mount, and what is said of those that
cannot be."""
import errno
import itertools
import os
import stat
import subprocess

import pytest

from harness import PATIENCE, Cdn, clean_env, wait_for
from private import NOBODY, Private


NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def cdn(tmp_path_factory):
    one = Cdn(tmp_path_factory.mktemp("cdn"))
    yield one
    one.close()


@pytest.fixture(scope="module")
def plain(cdn, tmp_path_factory):
    """The same CDN as it is, mounted without options."""
    yield cdn.mount(tmp_path_factory.mktemp("plain") / "mnt", "attr_timeout=0").path


@pytest.fixture(scope="module")
def private():
    one = Private()
    yield one
    one.close()


@pytest.fixture
def folder(private):
    path = private.folder(f"f{next(NUMBERS)}")
    yield path
    private.clear(path)


@pytest.fixture
def mount(private, folder, cdn, tmp_path):
    """Mounts with these options, and gives the path to look at it by."""
    def do(options, user=0):
        private.ok("mount.cdnfs", cdn.url, folder, "-o", f"staging={tmp_path}/staging,{options}", user=user)
        return private.inside(folder)
    return do


def owner(path):
    st = os.lstat(path)
    return st.st_uid, st.st_gid


def mode(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


@pytest.fixture
def tree(plain):
    """A folder of the CDN for this test, open to all."""
    path = plain / f"t{next(NUMBERS)}"
    path.mkdir()
    path.chmod(0o777)
    return path


def test_uid_and_gid_are_shown_and_not_stored(mount, tree):
    (tree / "before").touch()
    seen = mount("uid=1234,gid=2345") / tree.name
    (seen / "new").write_text("x")
    (seen / "sub").mkdir()
    (seen / "link").symlink_to("new")
    for name in ("before", "new", "sub", "link", "."):
        assert owner(seen / name) == (1234, 2345), name
        assert owner(tree / name) == (os.geteuid(), os.getegid()), name


def test_listing_shows_the_same_owner(mount, tree):
    (tree / "f").touch()
    with os.scandir(mount("uid=1234") / tree.name) as entries:
        assert [e.stat().st_uid for e in entries] == [1234]


def test_uid_alone_leaves_the_group(mount, tree):
    os.chown(tree, 5, 6)
    assert owner(mount("uid=nobody") / tree.name) == (NOBODY, 6)


def test_chown_changes_the_cdn_and_not_what_is_shown(mount, tree):
    (tree / "f").touch()
    seen = mount("uid=1234,gid=2345") / tree.name / "f"
    os.chown(seen, 7, 8)
    assert owner(seen) == (1234, 2345) and owner(tree / "f") == (7, 8)


def test_umask_hides_permissions(mount, tree):
    (tree / "f").touch()
    (tree / "f").chmod(0o664)
    (tree / "link").symlink_to("f")
    seen = mount("umask=027") / tree.name
    assert mode(seen) == 0o750 and mode(seen / "f") == 0o640 and mode(seen / "link") == 0o777
    assert mode(tree / "f") == 0o664


def test_chmod_under_umask_is_stored_as_given(mount, tree):
    (tree / "f").touch()
    seen = mount("umask=077") / tree.name / "f"
    seen.chmod(0o755)
    assert mode(seen) == 0o700 and mode(tree / "f") == 0o755


def test_permissions_that_are_shown_are_those_that_count(mount, private, folder, tree):
    (tree / "f").write_text("for all")
    (tree / "f").chmod(0o666)
    mount("umask=007")
    assert private.run("cat", folder / tree.name / "f", user=NOBODY)[0] == 1


def test_owner_that_is_shown_may_do_what_owners_may(mount, private, folder, tree):
    (tree / "f").write_text("root's")
    (tree / "f").chmod(0o600)
    mount(f"uid={NOBODY}")
    assert private.ok("cat", folder / tree.name / "f", user=NOBODY) == "root's"


@pytest.mark.parametrize("word", ["uid=", "uid=nosuchuser", "uid=-1", "uid=4294967295", "gid=nosuchgroup", "umask=8",
                                  "umask=1777", "umask=", "umask=rwx", "mount_timeout=0"])
def test_wrong_values_are_refused_with_a_sentence(private, folder, cdn, word):
    status, said = private.run("mount.cdnfs", cdn.url, folder, "-o", word)
    assert status == 1 and not private.mounts(folder)
    assert word.split("=")[0] in said and said.count("\n") == 1


CHANGES = {
    "create": lambda d: (d / "new").touch(),
    "append": lambda d: open(d / "f", "ab").close(),
    "truncate": lambda d: os.truncate(d / "f", 1),
    "mkdir": lambda d: (d / "sub").mkdir(),
    "unlink": lambda d: (d / "f").unlink(),
    "rename": lambda d: (d / "f").rename(d / "g"),
    "chmod": lambda d: (d / "f").chmod(0o600),
    "chown": lambda d: os.chown(d / "f", 1, 1),
    "utime": lambda d: os.utime(d / "f", (1, 1)),
    "symlink": lambda d: (d / "l").symlink_to("f"),
    "link": lambda d: os.link(d / "f", d / "h"),
    "mkfifo": lambda d: os.mkfifo(d / "p"),
}


def test_ro_reads_and_changes_nothing(mount, tree, tmp_path):
    (tree / "f").write_text("read me")
    before = os.lstat(tree / "f")
    seen = mount("ro") / tree.name
    assert (seen / "f").read_text() == "read me"
    for name, change in CHANGES.items():
        with pytest.raises(OSError) as e:
            change(seen)
        assert e.value.errno == errno.EROFS, name
    assert os.listdir(tree) == ["f"] and os.lstat(tree / "f").st_ctime_ns == before.st_ctime_ns
    assert not (tmp_path / "staging").exists()


def test_letter_r_of_mount_is_ro(private, folder, cdn):
    private.ok("mount.cdnfs", cdn.url, folder, "-r")
    assert "ro" in private.mounts(folder)[0][5].split(",")


@pytest.mark.parametrize("given,there", [
    ("noatime", "noatime"), ("relatime", "relatime"), ("nodev", "nodev"), ("nosuid", "nosuid"), ("noexec", "noexec"),
    ("ro", "ro"), ("ro,rw", "rw"), ("sync", "sync"), ("dirsync", "dirsync"), ("default_permissions", "default_permissions"),
    ("", "nosuid"), ("", "nodev"), ("", "default_permissions"), ("", "allow_other"), ("nodiratime,strictatime", "rw")])
def test_generic_options_reach_the_kernel(mount, private, folder, given, there):
    mount(given)
    fields = private.mounts(folder)[0]
    assert there in fields[5].split(",") + fields[-1].split(",")


def test_noexec_and_exec(mount, private, folder, tree):
    (tree / "run").write_text("#!/bin/sh\necho ran\n")
    (tree / "run").chmod(0o755)
    mount("noexec")
    assert private.run(folder / tree.name / "run")[0] != 0
    private.clear(folder)
    mount("exec")
    assert private.ok(folder / tree.name / "run") == "ran\n"


def test_sync_stores_with_each_write(mount, tree):
    with open(mount("sync") / tree.name / "f", "wb", buffering=0) as f:
        f.write(b"at once")
        assert (tree / "f").read_bytes() == b"at once"


def test_root_lets_others_in_unless_told(mount, private, folder, tree):
    (tree / "f").write_text("x")
    mount("rw")
    private.ok("cat", folder / tree.name / "f", user=NOBODY)
    private.clear(folder)
    mount("allow_root")
    assert private.run("cat", folder / tree.name / "f", user=NOBODY)[0] == 1


def test_unknown_option_by_mount(private, folder, cdn):
    status, said = private.run("mount", "-t", "cdnfs", "-o", "nosuchthing=1", cdn.url, folder)
    assert status == 1 and "nosuchthing" in said and not private.mounts(folder)


def test_mount_by_type(private, folder, cdn):
    private.ok("mount", "-t", "cdnfs", cdn.url, folder)
    source = private.mounts(folder)[0]
    assert source[-3:-1] == ["fuse.cdnfs", cdn.url]
    assert private.ok("findmnt", "-n", "-o", "FSTYPE,SOURCE", folder).split() == ["fuse.cdnfs", cdn.url]
    assert private.ok("df", "-T", folder).splitlines()[1].split()[:2] == [cdn.url, "fuse.cdnfs"]


FSTAB = "_netdev,nofail,x-systemd.automount,user,exec,noauto,defaults,rw,comment=ours,timeout=7"


def test_fstab_line(private, folder, cdn, tmp_path):
    (tmp_path / "fstab").write_text(f"{cdn.url} {folder} cdnfs {FSTAB} 0 0\n")
    private.ok("mount", "-T", tmp_path / "fstab", folder)
    (private.inside(folder) / "by-fstab").write_text("x")
    assert "noexec" not in private.mounts(folder)[0][5].split(",")


def test_mount_all_twice_mounts_once(private, folder, cdn, tmp_path):
    (tmp_path / "fstab").write_text(f"{cdn.url} {folder} cdnfs _netdev,nofail,auto,users 0 0\n")
    private.ok("mount", "-a", "-T", tmp_path / "fstab")
    private.ok("mount", "-a", "-T", tmp_path / "fstab")
    assert len(private.mounts(folder)) == 1


def test_remount_is_refused(private, folder, cdn):
    private.ok("mount", "-t", "cdnfs", cdn.url, folder)
    for words in (("mount.cdnfs", cdn.url, folder, "-o", "remount,ro"), ("mount", "-o", "remount,ro", folder),
                  ("cdnfs", "-o", "ro,remount", folder)):
        status, said = private.run(*words)
        assert status == 32 and "remount" in said and "umount" in said, words
    assert "rw" in private.mounts(folder)[0][5].split(",")


@pytest.mark.parametrize("letter", ["-l", "-f"])
def test_umount_letters(private, folder, cdn, letter):
    private.ok("mount", "-t", "cdnfs", cdn.url, folder)
    private.ok("umount", letter, folder)
    assert not private.mounts(folder)
    wait_for("the end of cdnfs", lambda: not private.daemons(folder))


def test_a_mount_that_fails_is_status_32(private, folder, cdn):
    status, said = private.run("mount", "-t", "cdnfs", "http://127.0.0.1:1", folder)
    assert status == 32 and "http://127.0.0.1:1" in said


def test_mount_timeout_waits_for_dist(tmp_path, private, folder):
    one = Cdn(tmp_path / "late", nodes=1)
    try:
        one.stop("dist")
        command = private.command("mount.cdnfs", one.url, folder, "-o", f"mount_timeout={PATIENCE}")
        with subprocess.Popen(command, env=clean_env(PATH=os.environ["PATH"] + ":/sbin:/usr/sbin")) as waiting:
            wait_for("cdnfs", lambda: private.daemons(folder))
            one.start("dist")
            assert waiting.wait(PATIENCE) == 0
        private.clear(folder)
    finally:
        one.close()
