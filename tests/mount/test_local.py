"""make up and make down: a CDN on this machine, whose data outlives them."""
import os
import re
import subprocess

import pytest

from harness import BIN, PATIENCE, ROOT, clean_env, free_ports, get_json, mounted, wait_for


class Local:
    """local/up.sh and down.sh with places of their own."""

    def __init__(self, tmp, build):
        self.mnt, self.var = tmp / "mnt", tmp / "var"
        while True:  # four ports in a row
            self.base = free_ports(1)[0]
            if all(not listening(self.base + i) for i in range(4)):
                break
        self.url = f"http://127.0.0.1:{self.base}"
        self.env = clean_env(PORT_BASE=str(self.base), MNT=str(self.mnt), VAR=str(self.var),
                             BUILD=str(build), MAX_STORAGE="1G")

    def run(self, script, **more):
        return subprocess.run([ROOT / "local" / script], env={**self.env, **more}, check=False, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=4 * PATIENCE)

    def up(self):
        done = self.run("up.sh")
        assert done.returncode == 0, done.stdout
        return done.stdout

    def down(self):
        done = self.run("down.sh")
        assert done.returncode == 0, done.stdout
        return done.stdout

    def pids(self):
        """Name → number of what runs."""
        found = {}
        for path in sorted(self.var.glob("*.pid")):
            found[path.stem] = int(path.read_text(encoding="ascii").split()[0])
        return found


def runs(pid):
    """Whether that process is there and more than an entry in its parent's books."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
            return f.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def listening(port):
    """Whether somebody listens there."""
    with open("/proc/net/tcp", encoding="ascii") as f:
        return any(f":{port:04X} 00000000:0000 0A" in line for line in f)


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    """A build folder whose bin is that of the programs under test."""
    folder = tmp_path_factory.mktemp("build")
    (folder / "bin").symlink_to(BIN)
    return folder


@pytest.fixture
def local(tmp_path, build):
    one = Local(tmp_path, build)
    yield one
    one.down()
    assert not mounted(one.mnt)


@pytest.fixture
def up(local):
    local.up()
    return local


NAMES = ["cdnfs", "dist", "node1", "node2", "node3"]


def test_up_mounts_and_tells_where_everything_is(local):
    said = local.up()
    assert mounted(local.mnt)
    for what in (*NAMES, local.url, str(local.mnt)):
        assert what in said


def test_cp_r_into_the_mount(up):
    subprocess.run(["cp", "-r", ROOT / "docs", up.mnt / "docs"], check=True)
    subprocess.run(["diff", "-r", ROOT / "docs", up.mnt / "docs"], check=True)


def test_data_outlives_down_and_up(up):
    (up.mnt / "folder").mkdir()
    (up.mnt / "folder" / "f").write_text("still here")
    number = (up.mnt / "folder" / "f").stat().st_ino
    up.down()
    assert os.listdir(up.mnt) == []
    up.up()
    assert (up.mnt / "folder" / "f").read_text() == "still here"
    assert (up.mnt / "folder" / "f").stat().st_ino == number


def test_down_leaves_nothing_running(up):
    pids = up.pids()
    assert sorted(pids) == NAMES
    up.down()
    assert not any(runs(pid) for pid in pids.values())
    assert not any(listening(up.base + i) for i in range(4))


def test_up_again_leaves_alone_what_runs(up):
    before = up.pids()
    assert "ran already" in up.up()
    assert up.pids() == before


def test_up_starts_what_is_missing(up):
    pids = up.pids()
    os.kill(pids["node2"], 9)
    wait_for("the end of node2", lambda: not runs(pids["node2"]))
    up.up()
    now = up.pids()
    assert now.pop("node2") != pids.pop("node2")
    assert now == pids


def test_down_twice(up):
    up.down()
    assert "nothing was running" in up.down()


def test_down_refuses_while_the_mount_is_used(up):
    with open(up.mnt / "f", "w", encoding="ascii") as f:
        f.write("busy")
        done = up.run("down.sh")
    assert done.returncode == 1
    assert "in use" in done.stdout and str(os.getpid()) in done.stdout
    assert mounted(up.mnt)


def test_up_refuses_a_port_that_is_taken(up, tmp_path):
    done = up.run("up.sh", VAR=str(tmp_path / "var2"), MNT=str(tmp_path / "mnt2"))
    assert done.returncode == 1
    assert f"port {up.base}" in done.stdout and "PORT_BASE" in done.stdout


def test_up_refuses_a_folder_that_is_not_empty(local):
    local.mnt.mkdir()
    (local.mnt / "mine").write_text("not hidden")
    done = local.run("up.sh")
    assert done.returncode == 1 and "not empty" in done.stdout
    assert local.pids() == {}


def test_up_refuses_without_programs(local, tmp_path):
    done = local.run("up.sh", BUILD=str(tmp_path / "nothing"))
    assert done.returncode == 1 and "make" in done.stdout


def test_stats_name_three_nodes_with_the_room_they_were_given(up):
    stats = get_json(up.url + "/stats/")["stats"]
    assert {n: s["max_storage"] for n, s in stats.items()} == dict.fromkeys(NAMES[2:], 10**9)


def test_scenario_prints_the_evidence(up):
    done = subprocess.run([BIN / "cdnctl", "--url", up.url, "scenario", f"--folder={up.var}"],
                          env=up.env, check=False, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=2 * PATIENCE)
    assert done.returncode == 0, done.stdout
    steps = ("File generated: ", "Store URL: http", r"successfully uploaded. ID: (\d+)", "'etag': ",
             "File retrieved. Stored at: ", "New Store URL: http", r"successfully updated. ID: \1",
             "Updated file located at: http", r"successfully deleted. ID: \1")
    assert re.search(".*".join(steps), done.stdout, re.DOTALL), done.stdout


def test_suggested_commands_work(up):
    uri = get_json(up.url + "/store/")["uri"]
    subprocess.run(["curl", "-fsS", "-F", f"file=@{ROOT}/README.md", uri], check=True,
                   stdout=subprocess.DEVNULL)
    assert (up.mnt / "README.md").read_bytes() == (ROOT / "README.md").read_bytes()
