"""Command lines, environment and nodes.yml: what is wrong is said, with status 2, and nothing starts."""
import subprocess

import pytest

from cluster import BIN

SERVERS = ["dist", "node"]
ALL = ["dist", "node", "cdnfs", "cdnctl"]


def run(program, *args, env=None):
    return subprocess.run([BIN / program, *args], capture_output=True, text=True, timeout=60, check=False,
                          env={"PATH": "/usr/bin:/bin", **(env or {})}, errors="replace")


@pytest.fixture
def good(tmp_path):
    """good("dist"): flags with which it would start, but for the wrong one behind them."""
    (tmp_path / "nodes.yml").write_text("nodes:\n  dist: {host: 127.0.0.1, port: 1}\n  node1: {host: 127.0.0.1, port: 2}\n")
    (tmp_path / "s").mkdir()
    return lambda program: {
        "dist": ["--listen=127.0.0.1:1", f"--nodes={tmp_path}/nodes.yml", f"--database=sqlite://{tmp_path}/x.db"],
        "node": ["--listen=127.0.0.1:1", f"--nodes={tmp_path}/nodes.yml", f"--storage={tmp_path}/s"],
        "cdnctl": [], "cdnfs": []}[program]


@pytest.mark.parametrize("program", ALL)
def test_help(program):
    r = run(program, "--help")
    assert r.returncode == 0
    assert len(r.stdout) > 300
    assert r.stderr == ""


@pytest.mark.parametrize("program", ALL)
def test_version(program):
    r = run(program, "--version")
    assert r.returncode == 0
    assert "0.1.0" in r.stdout


@pytest.mark.parametrize("program", ALL)
@pytest.mark.parametrize("args", [["--nonsense"], ["--nonsense=5"], ["-?"], ["--" + "x" * 10_000]])
def test_an_unknown_option_is_status_2_and_a_sentence(program, args):
    r = run(program, *args)
    assert r.returncode == 2
    assert r.stderr.strip()


@pytest.mark.parametrize("flag", ["--max-storage=", "--max-storage=-5", "--max-storage=lots", "--max-storage=1e9", "--max-storage=5X",
                                  "--max-storage=99999999999999999999T", "--max-storage=0x10", "--max-storage=1.5.5M",
                                  "--trash-ttl=-1", "--trash-ttl=soon", "--dist=nonsense", "--dist=ftp://x", "--dist-timeout=-1",
                                  "--dist-timeout=x", "--workers=0", "--workers=x", "--event-threads=-1", "--log-level=loud",
                                  "--listen=nowhere", "--listen=127.0.0.1:99999", "--listen=:-1", "--listen=127.0.0.1:x",
                                  "--protect-reads=perhaps", "--tls-cert=/nonexistent", "--nodes=/nonexistent",
                                  "--token-file=/nonexistent", "--storage="])
def test_a_wrong_option_of_the_node(good, flag):
    r = run("node", *good("node"), flag)
    assert r.returncode == 2, (r.returncode, r.stderr)
    name, value = flag[2:].split("=")
    assert name.split("-")[0] in r.stderr.lower() or value and value in r.stderr, r.stderr


@pytest.mark.parametrize("flag", ["--database=mysql://x", "--database=", "--poll=0", "--poll=x",
                                  "--poll=-1", "--node-timeout=0", "--connections=0", "--connections=x", "--listen=nowhere",
                                  "--nodes=/nonexistent", "--public-host=a b", "--log-level=loud", "--workers=-3",
                                  "--token-file=/nonexistent", "--tls-key=/nonexistent"])
def test_a_wrong_option_of_dist(good, flag):
    r = run("dist", *good("dist"), flag)
    assert r.returncode == 2, (r.returncode, r.stderr)
    assert r.stderr.strip()


@pytest.mark.parametrize("url", ["sqlite:///dev/null/x.db", "postgresql:///none?host=/nonexistent"])
def test_a_database_that_cannot_be_opened_is_told(good, url):
    r = run("dist", *good("dist"), f"--database={url}")
    assert r.returncode == 1, (r.returncode, r.stderr)
    assert url.split("/")[-1].split("=")[-1] in r.stderr


@pytest.mark.parametrize("name,value", [("MAX_STORAGE", "lots"), ("LISTEN", "nowhere"), ("TRASH_TTL", "x"), ("LOG_LEVEL", "loud"),
                                        ("DIST_TIMEOUT", "x"), ("PROTECT_READS", "perhaps")])
def test_a_wrong_variable_is_named(good, name, value):
    r = run("node", *[a for a in good("node") if not (name == "LISTEN" and "listen" in a)], env={name: value})
    assert r.returncode == 2
    assert name in r.stderr or name.lower().replace("_", "-") in r.stderr


@pytest.mark.parametrize("text,size", [("100M", 100_000_000), ("1.5G", 1_500_000_000), ("512KiB", 524_288),
                                       ("1000000", 1_000_000), ("100GB", 100_000_000_000), ("2Mi", 2_097_152)])
def test_sizes_as_people_write_them(new_cdn, text, size):
    assert new_cdn(nodes=1, max_storage=text).stats("node1")["max_storage"] == size


@pytest.mark.parametrize("text,line", [
    ("nodes:\n  dist: {host: 127.0.0.1}\n", 2), ("nodes:\n  dist: {host: 127.0.0.1, port: 70000}\n", 2),
    ("nodes:\n  dist: {host: 127.0.0.1, port: x}\n", 2), ("nodes:\n  dist: {host: 127.0.0.1, port: 1, colour: red}\n", 2),
    ("nodes: [\n", 1), ("nothing: 1\n", 1), ("nodes:\n\tdist: x\n", 2), ("nodes:\n  dist: &a {host: h, port: 1}\n  b: *a\n", 2),
    ("nodes:\n  dist: {host: h, port: 1}\n  dist: {host: h, port: 1}\n", 3), ("nodes:\n  dist: 5\n", 2),
    ("nodes:\n  ../x: {host: h, port: 1}\n", 2), ("nodes: " + "[" * 100_000, 1)],
    ids=["no-port", "port", "port-text", "key", "open", "top", "tab", "alias", "twice", "scalar", "name", "deep"])
@pytest.mark.parametrize("program", SERVERS)
def test_a_wrong_nodes_yml_is_told_with_file_and_line(good, tmp_path, program, text, line):
    flags = good(program)
    (tmp_path / "nodes.yml").write_text(text)
    r = run(program, *flags)
    assert r.returncode == 2, (r.returncode, r.stderr)
    assert "nodes.yml" in r.stderr
    assert f"nodes.yml:{line}" in r.stderr, r.stderr


def test_a_storage_folder_of_a_running_node_is_refused(cdn, good):
    r = run("node", *good("node")[:2], f"--storage={cdn.storage(1)}")
    assert r.returncode != 0
    assert str(cdn.storage(1)) in r.stderr


def test_a_port_that_is_taken_is_told(cdn, good):
    r = run("node", *good("node")[1:], f"--listen=127.0.0.1:{cdn.ports['node1']}")
    assert r.returncode != 0
    assert str(cdn.ports["node1"]) in r.stderr


@pytest.mark.parametrize("args", [[], ["a", "b", "c"], ["-o"], ["-o", "nonsense=1", "http://127.0.0.1:1", "/mnt"],
                                  ["-o", "timeout=x", "http://127.0.0.1:1", "/mnt"], ["-o", "timeout=-1", "http://127.0.0.1:1", "/mnt"],
                                  ["-o", "memory=1", "http://127.0.0.1:1", "/mnt"], ["-o", "threads=0", "http://127.0.0.1:1", "/mnt"],
                                  ["ftp://x", "/mnt"], ["-o", "attr_timeout=x", "http://127.0.0.1:1", "/mnt"]], ids=str)
def test_a_wrong_mount_is_status_2(args):
    r = run("cdnfs", *args)
    assert r.returncode == 2, (r.returncode, r.stderr)
    assert r.stderr.strip()


def test_mounting_without_a_distributor_says_so(tmp_path):
    (tmp_path / "m").mkdir()
    r = run("cdnfs", "-o", f"staging={tmp_path}", "http://127.0.0.1:9", tmp_path / "m")
    assert r.returncode == 1
    assert "http://127.0.0.1:9" in r.stderr


@pytest.mark.parametrize("where", ["file", "missing"])
def test_mounting_on_no_directory_says_so(tmp_path, cdn, where):
    (tmp_path / "file").write_text("x")
    r = run("cdnfs", "-o", f"staging={tmp_path}", cdn.url, tmp_path / where)
    assert r.returncode in (1, 2)
    assert where in r.stderr
