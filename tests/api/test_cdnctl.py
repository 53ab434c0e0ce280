"""cdnctl: the specification's evidence by one command, and every command over REST."""
import json
import re
import secrets
import subprocess

import pytest

from cluster import BIN


@pytest.fixture
def ctl(cdn):
    """ctl("put", FILE): its output; expect=STATUS: what it says on stderr."""
    def run(*args, expect=0, **kw):
        r = subprocess.run([BIN / "cdnctl", f"--url={cdn.url}", *map(str, args)], capture_output=True, timeout=60,
                           check=False, **kw)
        assert r.returncode == expect, (r.returncode, r.stdout, r.stderr)
        return (r.stdout if expect == 0 else r.stderr).decode()
    return run


@pytest.fixture
def local(tmp_path):
    """A file with a name of its own."""
    path = tmp_path / f"f{secrets.token_hex(6)}.txt"
    path.write_text("generated text\n" * 50)
    return path


def test_scenario_prints_the_evidence_step_by_step(cdn, ctl, tmp_path):
    out = ctl("scenario", f"--folder={tmp_path}")
    cid = int(re.search(r"Content successfully uploaded\. ID: (\d+)", out)[1])
    for piece in (f"{{'id': {cid}, 'message': 'Content successfully uploaded. ID: {cid}'}}\n",
                  f"{{'id': {cid}, 'message': 'Content successfully updated. ID: {cid}'}}\n",
                  f"{{'id': {cid}, 'message': 'Content successfully deleted. ID: {cid}'}}", "content-disposition", "etag",
                  "last-modified", "content-length"):
        assert piece.lower() in out.lower(), (piece, out)
    assert re.search(r"\{'uri': 'http://127\.0\.0\.1:\d+'\}", out), out


def test_scenario_leaves_what_it_retrieved_under_tmp(ctl, tmp_path):
    ctl("scenario", f"--folder={tmp_path}")
    assert len(list((tmp_path / "tmp").iterdir())) >= 1
    assert all(p.stat().st_size == 3072 for p in (tmp_path / "client_data").iterdir())


def test_scenario_of_another_size(ctl, tmp_path):
    ctl("scenario", f"--folder={tmp_path}", "--size=100KiB")
    assert all(p.stat().st_size == 102_400 for p in (tmp_path / "client_data").iterdir())


def test_stats(cdn, ctl):
    out = ctl("stats")
    assert all(n in out for n in cdn.node_names)
    assert set(json.loads(ctl("--json", "stats"))["stats"]) == set(cdn.node_names)


def test_nodes(cdn, ctl):
    assert str(cdn.ports["node2"]) in ctl("nodes")
    assert json.loads(ctl("--json", "nodes"))["nodes"]["node2"]["port"] == cdn.ports["node2"]


def test_put_then_get(ctl, local, tmp_path):
    ctl("put", local)
    ctl("get", local.name, tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == local.read_bytes()


def test_put_json_has_the_id(cdn, ctl, local):
    assert cdn.record(json.loads(ctl("--json", "put", local))["id"])["filename"] == local.name


def test_put_into_a_folder(cdn, ctl, local):
    name = secrets.token_hex(6)
    cdn.fs({"op": "mkdir", "dir": 1, "name": name, "mode": 0o755, "uid": 0, "gid": 0})
    ctl("put", local, f"{name}/")
    assert local.name in ctl("ls", name)


def test_put_standard_input_and_get_standard_output(ctl):
    name = secrets.token_hex(6)
    ctl("put", "-", name, input=b"from a pipe")
    assert ctl("get", name, "-") == "from a pipe"


def test_get_by_id(ctl, local):
    cid = json.loads(ctl("--json", "put", local))["id"]
    assert ctl("get", cid, "-") == local.read_text()


def test_ls_of_the_root(ctl, local):
    ctl("put", local)
    assert local.name in ctl("ls")


def test_update_keeps_the_id(cdn, ctl, local, tmp_path):
    cid = json.loads(ctl("--json", "put", local))["id"]
    (tmp_path / "new").write_text("newer")
    ctl("update", cid, tmp_path / "new")
    assert cdn.fetch(cid).content == b"newer"
    assert cdn.record(cid)["filename"] == local.name


def test_locate(cdn, ctl, local):
    cid = json.loads(ctl("--json", "put", local))["id"]
    assert cdn.record(cid)["uri"] in ctl("locate", cid)
    assert cdn.record(cid)["uri"] in ctl("locate", local.name)


@pytest.mark.parametrize("by", ["id", "path"])
def test_rm(cdn, ctl, local, by):
    cid = json.loads(ctl("--json", "put", local))["id"]
    ctl("rm", cid if by == "id" else local.name)
    assert cdn.files(local.name).status_code == 404


@pytest.mark.parametrize("args", [("get", "no/such", "-"), ("get", "999999999", "-"), ("rm", "no/such"), ("locate", "999999999"),
                                  ("update", "999999999", "/etc/hostname"), ("put", "/no/such/file"), ("ls", "no/such"),
                                  ("put", "/etc/hostname", "no/such/dir/")])
def test_what_is_not_there_is_said_with_status_3(ctl, args):
    assert ctl(*args, expect=3).strip()


@pytest.mark.parametrize("args", [(), ("explode",), ("get",), ("put",), ("update", "1"), ("update", "x", "y", "z"),
                                  ("rm",), ("locate",), ("scenario", "--size=lots"), ("--url=nonsense", "stats")])
def test_wrong_usage_is_status_2(ctl, args):
    assert ctl(*args, expect=2).strip()


def test_a_distributor_that_is_away_is_said(tmp_path):
    r = subprocess.run([BIN / "cdnctl", "--url=http://127.0.0.1:9", "stats"], capture_output=True, text=True, check=False,
                       timeout=60)
    assert r.returncode == 4
    assert "127.0.0.1:9" in r.stderr
