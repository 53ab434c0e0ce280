"""The ways to mount and unmount, and what is said when it cannot be."""
import os
import pathlib
import signal
import subprocess

import pytest

from harness import BIN, PATIENCE, Cdn, clean_env, free_ports, mounted, unmount, wait_for


@pytest.fixture(scope="module")
def cdn(tmp_path_factory):
    """A CDN without a mount."""
    one = Cdn(tmp_path_factory.mktemp("cdn"))
    yield one
    one.close()


def pids(folder):
    """Processes that were started to serve this folder."""
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().split(b"\0")
        except OSError:  # it ended meanwhile
            continue
        if os.path.basename(words[0]) in (b"cdnfs", b"mount.cdnfs") and os.fsencode(folder) in words:
            found.append(int(entry.parent.name))
    return found


@pytest.fixture
def folder(tmp_path):
    """A mount point; what the test mounted there goes away, process and all."""
    path = tmp_path / "mnt"
    path.mkdir()
    yield path
    while mounted(path):
        subprocess.run(["umount", "-l", path], check=True)
    wait_for("the end of cdnfs", lambda: not pids(path))


@pytest.fixture
def env(tmp_path, cdn):
    """Where cdnfs is found, as cdnfs and as mount.cdnfs, with a staging folder and the distributor's URL."""
    (tmp_path / "bin").mkdir()
    for name in ("cdnfs", "mount.cdnfs"):
        (tmp_path / "bin" / name).symlink_to(BIN / "cdnfs")
    return clean_env(PATH=f"{tmp_path}/bin:{os.environ['PATH']}", CDN_URL=cdn.url,
                     CDNFS_STAGING=str(tmp_path / "staging"))


def run(env, *args):
    """Exit status, and what was said on stderr. A daemon must have let go of it."""
    done = subprocess.run(args, env=env, check=False, text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE)
    return done.returncode, done.stderr


def mounts(folder):
    """The fields of mountinfo of the mounts at folder, the top one last."""
    lines = pathlib.Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    return [line.split() for line in lines if line.split()[4] == str(folder)]


def works(folder):
    (folder / "probe").write_text("probe")
    ok = (folder / "probe").read_text() == "probe"
    (folder / "probe").unlink()
    return ok


# mount(8) takes PATH away: a program that is not installed is named by its path
def test_mount_t_fuse(folder, env):
    status, said = run(env, "mount", "-t", "fuse", BIN / "cdnfs", folder)
    assert status == 0, said
    assert works(folder)


def test_mount_t_fuse_with_options(folder, env):
    status, said = run(env, "mount", "-t", "fuse", "-o", "ro,timeout=3,noatime", BIN / "cdnfs",
                       folder)
    assert status == 0, said
    with pytest.raises(OSError):
        (folder / "f").touch()


def test_mount_cdnfs_as_mount_calls_it(folder, env, cdn):
    del env["CDN_URL"]
    status, said = run(env, "mount.cdnfs", cdn.url, folder, "-o", "rw,noauto,_netdev,timeout=3")
    assert status == 0, said
    assert works(folder)


def test_mount_cdnfs_as_if_mounts_nothing(folder, env, cdn):
    status, said = run(env, "mount.cdnfs", cdn.url, folder, "-f", "-n", "-v")
    assert (status, mounted(folder)) == (0, False), said


def test_mount_cdnfs_sloppy_lets_unknown_words_pass(folder, env, cdn):
    status, said = run(env, "mount.cdnfs", cdn.url, folder, "-s", "-o", "nosuchthing=1")
    assert status == 0, said
    assert works(folder)


def test_daemon_works_when_the_command_returns(folder, env):
    status, said = run(env, "cdnfs", folder)
    assert (status, mounted(folder)) == (0, True), said
    assert works(folder)


def test_url_on_the_command_line_wins(folder, env, cdn):
    env["CDN_URL"] = "http://127.0.0.1:1"
    status, said = run(env, "cdnfs", cdn.url, folder)
    assert status == 0, said


def test_url_as_an_option(folder, env, cdn):
    del env["CDN_URL"]
    status, said = run(env, "cdnfs", "-o", f"url={cdn.url}", folder)
    assert status == 0, said


def test_relative_mount_point(folder, env, monkeypatch):
    monkeypatch.chdir(folder.parent)
    status, said = run(env, "cdnfs", "mnt")
    assert (status, mounted(folder)) == (0, True), said
    unmount(folder)
    wait_for("the end of cdnfs", lambda: not pids("mnt"))


def test_mount_point_with_a_space(tmp_path, env):
    path = tmp_path / "two words"
    path.mkdir()
    status, said = run(env, "cdnfs", path)
    assert (status, mounted(path)) == (0, True), said
    ok = works(path)
    unmount(path)
    wait_for("the end of cdnfs", lambda: not pids(path))
    assert ok


def test_kernel_tells_who_is_mounted(folder, env, cdn):
    run(env, "cdnfs", folder)
    line = next(x for x in pathlib.Path("/proc/mounts").read_text(encoding="ascii").splitlines()
                if x.split()[1] == str(folder))
    assert line.split()[0] == cdn.url and line.split()[2] == "fuse.cdnfs"
    assert "default_permissions" in line


@pytest.mark.parametrize("tool", [("umount",), ("fusermount3", "-u")], ids=["umount", "fusermount3"])
def test_unmounting_ends_the_process(folder, env, tool):
    run(env, "cdnfs", folder)
    unmount(folder, *tool)
    wait_for("the end of cdnfs", lambda: not pids(folder))
    assert not mounted(folder)


def test_sigterm_unmounts(folder, env):
    run(env, "cdnfs", folder)
    os.kill(pids(folder)[0], signal.SIGTERM)
    wait_for("the end of cdnfs", lambda: not pids(folder))
    assert not mounted(folder)


def test_stale_mount_point_is_cleared(folder, env):
    run(env, "cdnfs", folder)
    os.kill(pids(folder)[0], signal.SIGKILL)
    wait_for("the end of cdnfs", lambda: not pids(folder))
    assert mounted(folder)
    status, said = run(env, "cdnfs", folder)
    assert status == 0, said
    assert "dead mount" in said and str(folder) in said
    assert works(folder)
    assert len(mounts(folder)) == 1


def test_two_dead_mounts_on_each_other_are_cleared(folder, env, cdn, tmp_path):
    lower = tmp_path / "lower"
    lower.mkdir()
    for _ in range(2):  # a bind mount carries the second one there, where cdnfs would have refused
        run(env, "cdnfs", lower)
        subprocess.run(["mount", "--bind", lower, folder], check=True)
        os.kill(pids(lower)[0], signal.SIGKILL)
        wait_for("the end of cdnfs", lambda: not pids(lower))
        subprocess.run(["umount", "-l", lower], check=True)
    assert len(mounts(folder)) == 2
    status, said = run(env, "cdnfs", folder)
    assert (status, said.count("dead mount"), len(mounts(folder))) == (0, 2, 1), said


def test_living_mount_is_not_mounted_over(folder, env, cdn):
    run(env, "cdnfs", folder)
    (folder / "kept").write_text("x")
    status, said = run(env, "cdnfs", folder)
    assert status == 1 and cdn.url in said and "umount" in said
    assert len(mounts(folder)) == 1 and (folder / "kept").read_text() == "x"
    assert len(pids(folder)) == 1


def test_mount_that_hangs_is_living(folder, env):
    run(env, "cdnfs", folder)
    daemon = pids(folder)[0]
    os.kill(daemon, signal.SIGSTOP)
    try:
        status, said = run(env, "cdnfs", folder)
    finally:
        os.kill(daemon, signal.SIGCONT)
    assert status == 1 and "mounted there already" in said
    assert len(mounts(folder)) == 1 and works(folder)


def test_mounts_of_other_kinds_stay(folder, env):
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], check=True)
    status, said = run(env, "cdnfs", folder)
    assert status == 0, said
    assert [m[-3] for m in mounts(folder)] == ["tmpfs", "fuse.cdnfs"]


def test_mount_point_that_holds_something_is_warned_of(folder, env):
    (folder / "hidden").touch()
    status, said = run(env, "cdnfs", folder)
    assert status == 0 and "not empty" in said and str(folder) in said
    assert not (folder / "hidden").exists() and works(folder)


def test_mount_point_in_use_can_be_mounted_on(folder, env, monkeypatch):
    monkeypatch.chdir(folder)
    status, said = run(env, "cdnfs", folder)
    assert (status, said) == (0, "") and works(folder)


@pytest.mark.parametrize("words", [
    ("-o", "nosuchthing"), ("-o", "timeout=soon"), ("-o", "timeout=0"), ("-o", "timeout=-1"),
    ("-o", "memory=1"), ("-o", "memory=lots"), ("-o", "url=ftp://x"), ("-o", "threads=0"),
    ("-o", "log_level=loud"), ("-z",), ("--nosuch",), ("a", "b")], ids=" ".join)
def test_wrong_options_are_refused_with_a_sentence(folder, env, words):
    status, said = run(env, "cdnfs", *words, folder)
    assert (status, mounted(folder)) == (2, False)
    assert said.startswith("cdnfs: ") and said.count("\n") == 1


def test_unknown_option_is_named(folder, env):
    assert "nosuchthing" in run(env, "cdnfs", "-o", "nosuchthing=5", folder)[1]


def test_option_that_only_libfuse_knew_is_refused(folder, env):
    assert run(env, "cdnfs", "-o", "max_read=4096", folder)[0] == 2


def test_no_mount_point_at_all(env):
    status, said = run(env, "cdnfs")
    assert status == 2 and "MOUNTPOINT" in said


@pytest.mark.parametrize("foreground", [(), ("-f",)], ids=["daemon", "foreground"])
def test_unreachable_dist_is_told_and_nothing_is_mounted(folder, env, foreground):
    env["CDN_URL"] = f"http://127.0.0.1:{free_ports(1)[0]}"
    status, said = run(env, "cdnfs", *foreground, folder)
    assert status == 1 and not mounted(folder)
    assert env["CDN_URL"] in said


def test_a_server_that_is_no_dist_is_told(folder, env, cdn):
    env["CDN_URL"] = cdn.node_url(1)
    status, said = run(env, "cdnfs", folder)
    assert status == 1 and not mounted(folder)
    assert env["CDN_URL"] in said


def test_missing_mount_point_is_told(tmp_path, env):
    status, said = run(env, "cdnfs", tmp_path / "none")
    assert status == 1
    assert f"{tmp_path}/none" in said and "No such file" in said


def test_mount_point_that_is_a_file_is_told(tmp_path, env):
    (tmp_path / "file").touch()
    status, said = run(env, "cdnfs", tmp_path / "file")
    assert status == 1
    assert f"{tmp_path}/file" in said


def test_staging_folder_that_cannot_be_is_told(tmp_path, folder, env):
    (tmp_path / "file").touch()
    status, said = run(env, "cdnfs", "-o", f"staging={tmp_path}/file/x", folder)
    assert status == 1 and f"{tmp_path}/file/x" in said


@pytest.mark.parametrize("word", ["-h", "--help", "-V", "--version"])
def test_help_and_version(env, word):
    done = subprocess.run(["cdnfs", word], env=env, check=True, text=True, stdout=subprocess.PIPE)
    assert done.stdout.startswith("cdnfs")


def test_two_mounts_of_one_cdn_at_once(tmp_path, cdn):
    first, second = cdn.mount(tmp_path / "a"), cdn.mount(tmp_path / "b")
    (first.path / "f").write_text("seen by both")
    seen = (second.path / "f").read_text()
    first.umount()
    second.umount()
    assert seen == "seen by both"


def test_token_is_needed_for_changes_and_used_by_the_mount(tmp_path):
    secret = Cdn(tmp_path / "secret", env={"CDN_TOKEN": "abc123"})
    try:
        mount = secret.mount(tmp_path / "mnt")
        (mount.path / "f").write_text("x")
        assert (mount.path / "f").read_text() == "x"
    finally:
        secret.close()


def test_wrong_token_is_told(tmp_path, folder, env):
    secret = Cdn(tmp_path / "secret", env={"CDN_TOKEN": "abc123"})
    try:
        env["CDN_TOKEN"] = "wrong"
        status, said = run(env, "cdnfs", secret.url, folder)
        assert (status, mounted(folder)) == (1, False)
        assert "token" in said
    finally:
        secret.close()
