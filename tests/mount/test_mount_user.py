"""Mounts of an ordinary user: by fusermount3, by fstab, who may enter, and what is said when it cannot be."""
import errno
import itertools
import os
import signal

import pytest

from harness import Cdn, wait_for
from private import NOBODY, Private

OTHER = 65533
NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def cdn(tmp_path_factory):
    one = Cdn(tmp_path_factory.mktemp("cdn"))
    yield one
    one.close()


@pytest.fixture(scope="module")
def root(cdn, tmp_path_factory):
    """The CDN's root, open to all, mounted by root."""
    path = cdn.mount(tmp_path_factory.mktemp("root") / "mnt", "attr_timeout=0").path
    path.chmod(0o777)
    return path


@pytest.fixture(scope="module")
def private():
    one = Private()
    yield one
    one.close()


@pytest.fixture
def folder(private):
    """A folder of nobody's."""
    path = private.folder(f"f{next(NUMBERS)}", owner=NOBODY)
    yield path
    private.device(0o666)
    private.fuse_conf("")
    private.clear(path)


def refused(private, folder, *args, user=NOBODY):
    """What is said, in one sentence, by a mount that fails with status 1."""
    status, said = private.run("cdnfs", *args, folder, user=user)
    assert status == 1 and not private.mounts(folder), said
    assert said.startswith("cdnfs: ") and said.count("\n") == 1, said
    return said


def kill(private, folder):
    """Leaves a dead mount."""
    for pid in private.daemons(folder):
        os.kill(pid, signal.SIGKILL)
    wait_for("the end of cdnfs", lambda: not private.daemons(folder))
    # /proc forgets a process before its files are closed; only one of the two may look into the mount
    wait_for("a dead mount", lambda: any("not connected" in private.run("stat", "-f", folder, user=user)[1]
                                         for user in (0, NOBODY)))
    assert len(private.mounts(folder)) == 1


def test_user_mounts_writes_and_unmounts(private, folder, cdn, root):
    private.ok("cdnfs", cdn.url, folder, user=NOBODY)
    private.ok("cp", "/etc/hostname", folder / "mine", user=NOBODY)
    assert private.ok("cat", folder / "mine", user=NOBODY) == (root / "mine").read_text()
    assert (root / "mine").stat().st_uid == NOBODY
    private.ok("fusermount3", "-u", folder, user=NOBODY)
    assert not private.mounts(folder)
    wait_for("the end of cdnfs", lambda: not private.daemons(folder))


def test_only_the_user_enters(private, folder, cdn):
    private.ok("cdnfs", cdn.url, folder, user=NOBODY)
    assert private.run("ls", folder, user=OTHER)[0] != 0
    assert private.run("ls", folder)[0] != 0
    with pytest.raises(OSError) as e:
        os.listdir(private.inside(folder))
    assert e.value.errno == errno.EACCES


def test_allow_other_needs_roots_word(private, folder, cdn):
    assert "user_allow_other in /etc/fuse.conf" in refused(private, folder, "-o", "allow_other", cdn.url)
    private.fuse_conf("#user_allow_other\nuser_allow_others\n")
    assert "user_allow_other" in refused(private, folder, "-o", "allow_other", cdn.url)


@pytest.mark.parametrize("word", ["allow_other", "allow_root"])
def test_allow_other_with_roots_word(private, folder, cdn, word):
    private.fuse_conf("# ours\nuser_allow_other\n")
    private.ok("cdnfs", "-o", word, cdn.url, folder, user=NOBODY)
    private.ok("ls", folder)
    assert (private.run("ls", folder, user=OTHER)[0] == 0) == (word == "allow_other")


def test_staging_of_a_user(private, folder, cdn):
    temporary = private.folder(f"tmp{next(NUMBERS)}", owner=NOBODY)
    for env, place in (({}, "/var/tmp"), ({"TMPDIR": str(temporary)}, str(temporary))):
        private.ok("cdnfs", cdn.url, folder, user=NOBODY, **env)
        fds = f"/proc/{private.daemons(folder)[0]}/fd"
        assert place in [os.readlink(f"{fds}/{n}") for n in os.listdir(fds)]
        private.clear(folder)


def test_kernel_flags_of_a_user(private, folder, cdn):
    private.ok("cdnfs", "-o", "noexec,noatime", cdn.url, folder, user=NOBODY)
    fields = private.mounts(folder)[0]
    assert {"nosuid", "nodev", "noexec", "noatime"} <= set(fields[5].split(","))
    assert f"user_id={NOBODY}" in fields[-1] and "default_permissions" in fields[-1]


def test_device_that_may_not_be_opened(private, folder, cdn):
    private.device(0o600)
    said = refused(private, folder, cdn.url)
    assert "/dev/fuse: Permission denied" in said and "chmod 666" in said


def test_device_that_is_not_there(private, folder, cdn):
    private.ok("mount", "-t", "tmpfs", "tmpfs", "/dev")
    try:
        assert "modprobe fuse" in refused(private, folder, cdn.url)
    finally:
        private.ok("umount", "-l", "/dev")


def test_fusermount3_that_is_missing(private, folder, cdn):
    private.ok("mount", "--bind", "/dev/null", "/usr/bin/fusermount3")
    try:
        assert "package fuse3" in refused(private, folder, cdn.url)
    finally:
        private.ok("umount", "/usr/bin/fusermount3")


@pytest.mark.parametrize("mode", [0o755, 0o1777], ids=["root's", "sticky"])
def test_folder_of_somebody_else(private, cdn, mode):
    path = private.folder(f"f{next(NUMBERS)}")
    path.chmod(mode)
    said = refused(private, path, cdn.url)
    assert str(path) in said and "is not yours" in said


def test_dead_mount_is_cleared_by_its_user(private, folder, cdn):
    private.ok("cdnfs", cdn.url, folder, user=NOBODY)
    kill(private, folder)
    assert "dead mount" in private.ok("cdnfs", cdn.url, folder, user=NOBODY)
    assert len(private.mounts(folder)) == 1
    private.ok("ls", folder, user=NOBODY)


def test_dead_mount_of_a_user_is_cleared_by_root(private, folder, cdn):
    private.ok("cdnfs", cdn.url, folder, user=NOBODY)
    kill(private, folder)
    assert "dead mount" in private.ok("cdnfs", cdn.url, folder)
    assert len(private.mounts(folder)) == 1
    private.ok("ls", folder)


def test_dead_mount_of_root_is_not_a_users_to_clear(private, folder, cdn):
    private.ok("cdnfs", cdn.url, folder)
    kill(private, folder)
    status, said = private.run("cdnfs", cdn.url, folder, user=NOBODY)
    assert status == 1 and f"umount -l {folder}" in said
    assert len(private.mounts(folder)) == 1


def test_living_mount_of_a_user_stays(private, folder, cdn):
    private.ok("cdnfs", cdn.url, folder, user=NOBODY)
    for user in (0, NOBODY, OTHER):
        status, said = private.run("cdnfs", cdn.url, folder, user=user)
        assert status == 1 and "mounted there already" in said
    assert len(private.mounts(folder)) == 1
    private.ok("ls", folder, user=NOBODY)


def test_fstab_lets_a_user_mount_and_unmount(private, folder, cdn, root):
    private.fstab(f"{cdn.url} {folder} cdnfs user,noauto,_netdev 0 0\n")
    private.ok("mount", folder, user=NOBODY)
    fields = private.mounts(folder)[0]
    assert f"user_id={NOBODY}" in fields[-1] and {"noexec", "nosuid", "nodev"} <= set(fields[5].split(","))
    private.ok("touch", folder / "by-fstab", user=NOBODY)
    assert (root / "by-fstab").exists()
    private.ok("umount", folder, user=NOBODY)
    assert not private.mounts(folder)
