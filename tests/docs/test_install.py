"""make install, make uninstall, and the units that systemd gets by it."""
import os
import re
import subprocess

import pytest

from harness import BIN, ROOT, SANITIZED

pytestmark = pytest.mark.skipif(SANITIZED, reason="what is installed is built without sanitizers")
SERVERS = ("dist", "node")


# as `make test` calls it: by another name the compiler's flags would be others, and all would be built again beneath the tests
BUILD = os.path.relpath(BIN.parent, ROOT) if BIN.is_relative_to(ROOT) else BIN.parent


def make(target, **variables):
    done = subprocess.run(["make", "-s", "-C", ROOT, target, f"BUILD={BUILD}", *(f"{k}={v}" for k, v in variables.items())],
                          check=False, text=True, capture_output=True)
    assert done.returncode == 0 and not done.stderr, done


def files(folder):
    return {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_symlink() or not p.is_dir()}


def named(folder, pattern):
    return {p.name for p in (ROOT / folder).glob(pattern)}


def expected():
    names = {"bin/cdnfs", "bin/cdnctl", "sbin/cdn-dist", "sbin/cdn-node", "sbin/mount.cdnfs"}
    names |= {f"lib/systemd/system/cdn-{s}.service" for s in SERVERS} | {f"lib/sysusers.d/cdn-{s}.conf" for s in SERVERS}
    names |= {f"share/doc/cdnfs/examples/{n}" for n in named("local/etc", "*")}
    pages = {n.removesuffix(".in") for n in named("docs/man", "*.[158].in")}
    names |= {f"share/man/man{n[-1]}/{n}" for n in pages}
    commands = ("cdnctl", "cdnfs", "mount.cdnfs", "cdn-dist", "cdn-node")
    if named("completions", "cdn.bash"):
        names |= {f"share/bash-completion/completions/{c}" for c in commands} | {"share/zsh/vendor-completions/_cdn"}
        names |= {f"share/fish/vendor_completions.d/{c}.fish" for c in commands}
    return {f"usr/{n}" for n in names}


def test_all_is_installed_and_nothing_is_left(tmp_path):
    where = {"DESTDIR": tmp_path, "PREFIX": "/usr", "SBIN": "/usr/sbin", "MOUNT_SBIN": "/usr/sbin"}
    make("install", **where)
    assert files(tmp_path) == expected()
    assert os.readlink(tmp_path / "usr/sbin/mount.cdnfs") == "/usr/bin/cdnfs"
    for program in ("bin/cdnfs", "bin/cdnctl", "sbin/cdn-dist", "sbin/cdn-node"):
        done = subprocess.run([tmp_path / "usr" / program, "--version"], check=False, stdout=subprocess.PIPE, text=True)
        assert done.returncode == 0 and re.search(r"\d+\.\d+\.\d+$", done.stdout.strip())
    for name in expected():
        mode = (tmp_path / name).stat().st_mode & 0o777 if not (tmp_path / name).is_symlink() else None
        assert mode in (None, 0o755 if "bin/" in name else 0o644), name
    # what others put beside ours stays
    other = tmp_path / "usr/bin/other"
    other.write_text("")
    make("uninstall", **where)
    assert files(tmp_path) == {"usr/bin/other"}
    assert not [p for p in tmp_path.rglob("*cdn*")]
    make("uninstall", **where)


def test_into_a_prefix_only(tmp_path):
    """Without DESTDIR, as a user does."""
    make("install", PREFIX=tmp_path / "p", MOUNT_SBIN=tmp_path / "s")
    assert (tmp_path / "s/mount.cdnfs").resolve() == tmp_path / "p/bin/cdnfs"
    assert files(tmp_path / "p/bin") == {"cdnfs", "cdnctl", "cdn-dist", "cdn-node"}
    make("uninstall", PREFIX=tmp_path / "p", MOUNT_SBIN=tmp_path / "s")
    assert files(tmp_path) == set()


@pytest.fixture
def unit(tmp_path):
    """Of a server: the path of its unit, installed so that what it starts is there."""
    make("install", PREFIX=tmp_path, MOUNT_SBIN=tmp_path)
    return lambda server: tmp_path / f"lib/systemd/system/cdn-{server}.service"


def analyze(*args):
    return subprocess.run(["systemd-analyze", *map(str, args)], check=False, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)


@pytest.mark.parametrize("server", SERVERS)
def test_systemd_takes_the_unit(unit, server):
    done = analyze("verify", "--man=no", unit(server))
    assert done.returncode == 0 and not done.stdout, done.stdout
    # of 10: 2.0 is what systemd calls OK
    done = analyze("security", "--offline=true", "--threshold=20", unit(server))
    assert done.returncode == 0, done.stdout


def seconds(text):
    return int(re.search(r"[uμ]s: (\d+)", analyze("timespan", text).stdout)[1]) / 1e6


def of_source(server, name):
    return int(re.search(rf"#define {name} (\d+)$", (ROOT / server / "main.c").read_text(encoding="utf-8"), re.M)[1]) / 1000


@pytest.mark.parametrize("server", SERVERS)
def test_systemd_has_more_patience_than_the_server(unit, server):
    rows = dict(re.findall(r"^(\w+)=(.+)$", unit(server).read_text(encoding="utf-8"), re.M))
    assert rows["Type"] == "notify"
    assert seconds(rows["TimeoutStopSec"]) >= of_source(server, "DRAIN_MS") + 20
    assert seconds(rows["WatchdogSec"]) >= 4 * of_source(server, "ALIVE_MS")
    if server == "dist":
        assert seconds(rows["TimeoutStartSec"]) >= of_source(server, "DATABASE_WAIT_MS") + 60
