"""The mount of a CDN that speaks TLS everywhere."""
import hashlib
import os
import random
import shutil
import subprocess

import pytest

from cluster import Tunnel
from harness import BIN, PATIENCE, Cdn, clean_env, free_ports, mounted, wait_for

LARGE = random.Random(5).randbytes(64 << 20)


@pytest.fixture(scope="module")
def tls(authority, tmp_path_factory):
    one = Cdn(tmp_path_factory.mktemp("cdn"), nodes=2, max_storage="2G", tls=authority)
    one.mount(one.tmp / "mnt", f"ca_file={authority.ca}")
    yield one
    one.close()


@pytest.fixture
def folder(tls, request):
    path = tls.mounts[0].path / request.node.name
    path.mkdir()
    return path


@pytest.fixture
def another(tls, authority):
    """The same CDN through a mount without anything cached."""
    mount = tls.mount(tls.tmp / f"other{len(tls.mounts)}", f"ca_file={authority.ca}")
    yield mount
    mount.umount()


def refused(url, tmp_path, *opts, env=None):
    """What cdnfs says when it does not mount."""
    (tmp_path / "mnt").mkdir()
    opt = ",".join([f"staging={tmp_path}/staging", *opts])
    r = subprocess.run([BIN / "cdnfs", "-o", opt, url, tmp_path / "mnt"], stderr=subprocess.PIPE, text=True, check=False,
                       timeout=PATIENCE + 10, env=clean_env(**(env or {})))
    assert not mounted(tmp_path / "mnt")
    assert r.returncode == 1, (r.returncode, r.stderr)
    return r.stderr


def test_write_and_read(folder, another):
    (folder / "a").write_bytes(b"over TLS")
    with open(folder / "a", "r+b") as f:
        f.seek(5)
        f.write(b"tls, changed")
    assert (folder / "a").read_bytes() == b"over tls, changed"
    assert (another.path / folder.name / "a").read_bytes() == b"over tls, changed"


def test_64_mib(folder, another):
    (folder / "large").write_bytes(LARGE)
    there = another.path / folder.name / "large"
    assert hashlib.sha256(there.read_bytes()).digest() == hashlib.sha256(LARGE).digest()
    with open(there, "rb") as f:
        f.seek(33_333_333)
        assert f.read(100_000) == LARGE[33_333_333:33_433_333]
    (folder / "large").unlink()


def test_ls_rename_rm(folder, another):
    for i in range(20):
        (folder / f"f{i}").write_bytes(b"%d" % i)
    os.rename(folder / "f1", folder / "f2")
    (folder / "sub").mkdir()
    os.rename(folder / "f3", folder / "sub" / "g")
    listed = subprocess.run(["ls", folder], check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    assert sorted(listed) == sorted([f"f{i}" for i in range(20) if i not in (1, 3)] + ["sub"])
    assert (another.path / folder.name / "f2").read_bytes() == b"1"
    assert (another.path / folder.name / "sub/g").read_bytes() == b"3"
    shutil.rmtree(folder)
    assert not folder.exists()


def test_ca_by_the_environment(tls, authority):
    mount = tls.mount(tls.tmp / "by-env", env={"CDN_CA": str(authority.ca)})
    (mount.path / "by-env").write_bytes(b"x")
    mount.umount()


def test_few_connections_for_many_files(tls, authority):
    tunnel = Tunnel(tls.ports["dist"])
    mount = tls.mount(tls.tmp / "counted", f"ca_file={authority.ca}", url=f"https://127.0.0.1:{tunnel.port}")
    for i in range(100):
        (mount.path / f"c{i}").write_bytes(b"small")
    for i in range(100):
        (mount.path / f"c{i}").unlink()
    asked = mount.counters()["requests_dist"]
    mount.umount()
    tunnel.close()
    assert asked >= 200
    assert tunnel.connections <= asked / 5, (tunnel.connections, asked)


def test_a_restart_of_the_servers_is_waited_for(tls, folder):
    (folder / "before").write_bytes(b"before")
    for name in tls.names:
        tls.restart(name)
        (folder / f"after-{name}").write_bytes(b"after")
        assert (folder / f"after-{name}").read_bytes() == b"after"
    tls.wait_status(*tls.node_names)


def test_who_is_not_trusted_is_not_mounted(tls, stranger, tmp_path):
    said = refused(tls.url, tmp_path, f"ca_file={stranger.ca}")
    assert "certificate is not trusted" in said and "ca-file" in said and tls.url in said, said


def test_without_a_ca_file(tls, tmp_path):
    assert "CDN_CA" in refused(tls.url, tmp_path)


def test_a_ca_file_that_is_not_there(tls, tmp_path):
    assert f"{tmp_path}/none.pem: No such file" in refused(tls.url, tmp_path, f"ca_file={tmp_path}/none.pem")


def test_the_wrong_scheme(tls, tmp_path):
    assert "https://" in refused(tls.url.replace("https", "http"), tmp_path)


@pytest.mark.parametrize("which,word", [("expired", "expired"), ("host", "subjectAltName")])
def test_a_certificate_that_is_not_accepted(authority, tmp_path, which, word):
    cert, key = authority.issue("late", days=-1) if which == "expired" else authority.issue("other", "DNS:other.example")
    port, = free_ports(1)
    nodes = tmp_path / "nodes.yml"
    nodes.write_text(f"nodes:\n  dist: {{host: 127.0.0.1, port: {port}, scheme: https}}\n")
    with open(tmp_path / "dist.log", "wb") as log, subprocess.Popen(
            [BIN / "dist", f"--listen=127.0.0.1:{port}", f"--nodes={nodes}", f"--database=sqlite://{tmp_path}/x.db",
             f"--tls-cert={cert}", f"--tls-key={key}"], stderr=log, env=clean_env()) as dist:
        try:
            wait_for("ready", lambda: b"ready" in (tmp_path / "dist.log").read_bytes() or dist.poll() is not None)
            assert word in refused(f"https://127.0.0.1:{port}", tmp_path, f"ca_file={authority.ca}")
        finally:
            dist.terminate()
        assert dist.wait(PATIENCE) == 0


def test_a_node_that_is_not_trusted_is_told(authority, stranger, tmp_path):
    """dist is trusted, the node is not: nothing is stored, and the log of the mount names the reason."""
    both = tmp_path / "both.pem"
    both.write_bytes(authority.ca.read_bytes() + stranger.ca.read_bytes())
    cdn = Cdn(tmp_path / "cdn", nodes=1, tls=authority, dist_args=[f"--ca-file={both}"],
              node_args=[f"--tls-cert={stranger.cert}", f"--tls-key={stranger.key}"], health=False)
    cdn.wait_status("node1")
    mount = cdn.mount(tmp_path / "mnt", f"ca_file={authority.ca}", "timeout=2")
    with pytest.raises(OSError):
        with open(mount.path / "f", "wb") as f:
            f.write(b"x" * 100_000)
            os.fsync(f.fileno())
    log = cdn.log("mnt")
    assert "certificate is not trusted" in log and cdn.node_url(1) in log, log
    assert not list(cdn.storage(1).glob("[0-9a-f][0-9a-f]/*"))
    (mount.path / "f").unlink()
    cdn.close()
