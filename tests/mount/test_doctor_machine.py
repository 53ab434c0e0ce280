"""cdnctl doctor: each finding about a machine, made true."""
import json
import shutil

import pytest

from harness import BIN
from private import NOBODY, Private


@pytest.fixture(scope="module")
def machine(mounted_cdn):
    one = Private()
    shutil.copy(BIN / "cdnctl", one.base / "bin/cdnctl")
    one.url = mounted_cdn.url
    # other tests' mounts, dead ones maybe, are none of this machine's
    one.run("sh", "-c", "grep fuse.cdnfs /proc/self/mountinfo | cut -d' ' -f5 | xargs -r -n1 umount -l")
    yield one
    one.close()


@pytest.fixture
def examine(machine, tmp_path_factory):
    """examine(user=NOBODY): the findings by check, as (level, what)."""
    staging = machine.base / "home"

    def run(user=0, staging=staging, **env):
        rc, out = machine.run("/usr/local/bin/cdnctl", f"--url={machine.url}", "--json", "doctor", user=user,
                              CDNFS_STAGING=str(staging), **env)
        report = json.loads(out)
        assert rc == (1 if report["wrong"] else 0), out
        return {f["check"]: (f["level"], f["what"]) for f in report["findings"]}
    yield run
    machine.device(0o666)
    machine.fuse_conf("")


def wrong(found):
    return {check for check, (level, _) in found.items() if level == "wrong"}


@pytest.mark.parametrize("user", [0, NOBODY])
def test_a_machine_that_is_well(machine, examine, user):
    machine.fuse_conf("# a comment\nuser_allow_other\n")
    found = examine(user=user)
    assert wrong(found) == set(), found
    assert {found[check][0] for check in ("fuse-device", "fusermount", "allow-other", "staging")} == {"ok"}, found


def test_allow_other_is_a_note(examine):
    assert examine(user=NOBODY)["allow-other"][0] == "note"


def test_the_device_may_not_be_opened(machine, examine):
    machine.device(0o600)
    assert wrong(examine(user=NOBODY)) == {"fuse-device"}
    assert wrong(examine()) == set()  # root may


def test_the_device_is_another(machine, examine):
    assert machine.run("mount", "--bind", "/dev/null", "/dev/fuse") == (0, "")
    try:
        assert wrong(examine()) == {"fuse-device"}
    finally:
        machine.run("umount", "/dev/fuse")


def test_the_device_is_missing(machine, examine):
    script = "mount -t tmpfs none /dev && mknod -m 666 /dev/null c 1 3"
    assert machine.run("sh", "-c", script) == (0, "")
    try:
        assert wrong(examine()) == {"fuse-device"}
    finally:
        machine.run("umount", "/dev")


@pytest.mark.parametrize("user,level", [(0, "note"), (NOBODY, "wrong")])
def test_the_helper_is_not_setuid(machine, examine, user, level):
    folder = machine.base / "helpers"
    folder.mkdir(exist_ok=True)
    shutil.copy("/usr/bin/fusermount3", folder / "fusermount3")
    (folder / "fusermount3").chmod(0o755)
    found = examine(user=user, PATH=f"{folder}:/usr/local/bin:/usr/bin:/bin")
    assert found["fusermount"] == (level, f"{folder}/fusermount3 is not setuid root: users cannot mount")


def test_the_helper_is_missing(machine, examine):
    helper = "/usr/bin/fusermount3"
    (machine.base / "none").write_text("")
    (machine.base / "none").chmod(0o644)
    assert machine.run("mount", "--bind", machine.base / "none", helper) == (0, "")
    try:
        found = examine(user=NOBODY)
        assert found["fusermount"][0] == "wrong" and "missing" in found["fusermount"][1]
    finally:
        machine.run("umount", helper)


def test_staging_that_may_not_be_written(machine, examine):
    folder = machine.base / "roots"
    folder.mkdir(mode=0o755, exist_ok=True)
    assert "staging" in wrong(examine(user=NOBODY, staging=folder))
    assert "staging" not in wrong(examine(staging=folder))


def test_staging_in_memory(machine, examine):
    folder = machine.base / "memory"
    folder.mkdir(exist_ok=True)
    assert machine.run("mount", "-t", "tmpfs", "none", folder) == (0, "")
    try:
        level, what = examine(staging=folder)["staging"]
        assert level == "wrong" and what.endswith("is in memory")
    finally:
        machine.run("umount", folder)


def test_staging_that_everybody_may_change(machine, examine):
    folder = machine.base / "open"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o777)
    assert "staging" in wrong(examine(staging=folder))
    folder.chmod(0o1777)
    assert "staging" not in wrong(examine(staging=folder))


def test_staging_that_is_not_there(machine, examine):
    assert examine(staging=machine.base / "new")["staging"][0] == "note"
    assert "staging" in wrong(examine(staging=machine.base / "no/such"))
    (machine.base / "file").write_text("")
    assert "staging" in wrong(examine(staging=machine.base / "file"))


@pytest.fixture
def etc(machine):
    """etc("text"): /etc/cdnfs.conf; its path outside."""
    folder = machine.base / "etc"
    folder.mkdir(exist_ok=True)
    conf = folder / "cdnfs.conf"

    def write(text, mode=0o644):
        conf.write_text(text)
        conf.chmod(mode)
        assert machine.run("mount", "-t", "overlay", "-o", f"lowerdir={folder}:/etc", "overlay", "/etc") == (0, "")
        return conf
    yield write
    machine.run("umount", "/etc")


def test_configuration_that_others_change(etc, examine):
    etc("# nothing\n", mode=0o666)
    assert "configuration" in wrong(examine())


def test_configuration_that_is_well(machine, etc, examine):
    token = machine.base / "token"
    token.write_text("secret\n")
    token.chmod(0o600)
    etc(f"# mine\ntoken_file = {token}\nstaging={machine.base}/no/such\n")
    found = examine()
    assert found["configuration"][0] == "ok" and found["token-file"][0] == "ok", found
    found = examine(user=NOBODY)
    assert found["token-file"] == ("wrong", f"the token file {token} may not be read by who asks")


def test_staging_of_the_configuration(machine, etc, examine):
    etc(f"staging = {machine.base}/no/such\n")
    assert f"{machine.base}/no/such" in examine(staging="")["staging"][1]


def test_cdnctl_knows_what_the_mounts_are_told(machine, etc):
    conf = etc(f"url = {machine.url}\nthreads = 3\n")
    assert machine.run("/usr/local/bin/cdnctl", "--json", "stats")[0] == 0
    rc, out = machine.run("/usr/local/bin/cdnctl", "stats", CDN_URL="http://127.0.0.1:1")
    assert rc == 4 and "127.0.0.1:1" in out
    conf.write_text(f"url = {machine.url}\n\nthreads = none\n")
    said = 'cdnfs.conf:3: threads: "none" is not a whole number from 1 to'
    rc, out = machine.run("/usr/local/bin/cdnctl", "stats")
    assert rc == 2 and said in out, out
    rc, out = machine.run("/usr/local/bin/cdnctl", f"--url={machine.url}", "doctor")
    assert rc == 1 and said in out, out
    assert machine.run("/usr/local/bin/cdnctl", "--help")[0] == 0


def test_a_machine_without_cdnfs(machine, examine):
    (machine.base / "none").write_text("")
    (machine.base / "none").chmod(0o644)
    assert machine.run("mount", "--bind", machine.base / "none", "/usr/local/bin/cdnfs") == (0, "")
    try:
        found = examine()
        assert found["cdnfs"][0] == "note" and "fuse-device" not in found
    finally:
        machine.run("umount", "/usr/local/bin/cdnfs")


def test_a_dead_mount(machine, examine):
    point = machine.base / "dead"
    point.mkdir(exist_ok=True)
    script = f"""cdnfs -f -o staging={machine.base}/home {machine.url} {point} & p=$!
while kill -0 $p && ! grep -q ' {point} .*fuse.cdnfs' /proc/self/mountinfo; do :; done
kill -9 $p"""
    machine.run("sh", "-c", script)
    try:
        level, what = examine()["mount-dead"]
        assert level == "wrong" and str(point) in what
    finally:
        machine.run("umount", "-l", point)
