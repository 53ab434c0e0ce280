"""CDN_TOKEN: changes need it, reads only when asked for; the programs share it."""
import subprocess

import pytest

from cluster import BIN, Cluster, http

TOKEN = "s3cret-token"
AUTH = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module", params=[False, True], ids=["open-reads", "protected-reads"])
def guarded(request, tmp_path_factory):
    """(a CDN with a token, whether reads need it). Its own checks of health go without."""
    env = {"CDN_TOKEN": TOKEN}
    one = Cluster(tmp_path_factory.mktemp("cdn"), nodes=1, env=env,
                  dist_args=["--protect-reads"] if request.param else [],
                  node_args=["--protect-reads"] if request.param else [])
    yield one, request.param
    one.close()


CHANGES = [("dist", "POST", "/content/"), ("dist", "PUT", "/content/1"), ("dist", "DELETE", "/content/1"),
           ("dist", "POST", "/fs"), ("dist", "PUT", "/files/x"), ("dist", "DELETE", "/files/x"),
           ("node1", "POST", "/store/"), ("node1", "PUT", "/store/?path=x"), ("node1", "PUT", "/update/1"),
           ("node1", "DELETE", "/delete/1"), ("node1", "POST", "/reclaim/"), ("node1", "POST", "/sync/")]
READS = [("dist", "/store/"), ("dist", "/content/"), ("dist", "/stats/"), ("dist", "/nodes/"), ("dist", "/files/"),
         ("node1", "/stats/")]


@pytest.mark.parametrize("who,method,path", CHANGES)
def test_a_change_without_a_token_is_401(guarded, who, method, path):
    r = http(method, guarded[0].base(who) + path, data=b"x")
    assert r.status_code == 401
    assert r.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("auth", ["Bearer wrong", "Bearer ", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}"])
@pytest.mark.parametrize("who,method,path", CHANGES)
def test_a_change_with_a_wrong_token_is_403(guarded, who, method, path, auth):
    r = http(method, guarded[0].base(who) + path, data=b"x", headers={"Authorization": auth})
    assert r.status_code in ((403,) if auth.strip() != "Bearer" else (401, 403))


@pytest.mark.parametrize("auth", [f"Basic {TOKEN}", TOKEN, "Bearer"])
def test_another_kind_of_authorization_is_refused(guarded, auth):
    r = http("POST", guarded[0].base("node1") + "/store/", data=b"x", headers={"Authorization": auth})
    assert r.status_code in (401, 403)


def test_with_the_token_everything_works(guarded):
    c = guarded[0]
    r = http("POST", c.base("node1") + "/store/", data=b"abc", headers=AUTH)
    assert r.status_code == 200
    cid = r.json()["id"]
    assert http("PUT", f"{c.base('node1')}/update/{cid}", data=b"d", headers=AUTH).status_code == 200
    assert http("GET", f"{c.base('node1')}/retrieve/{cid}", headers=AUTH).content == b"d"
    assert http("DELETE", f"{c.base('node1')}/delete/{cid}", headers=AUTH).status_code == 200


def test_the_name_of_the_scheme_is_in_any_case(guarded):
    r = http("POST", guarded[0].base("node1") + "/sync/", headers={"Authorization": f"bearer {TOKEN}"})
    assert r.status_code == 200


@pytest.mark.parametrize("who,path", READS)
def test_reads_without_a_token(guarded, who, path):
    c, protected = guarded
    assert http("GET", c.base(who) + path).status_code == (401 if protected else 200)
    assert http("GET", c.base(who) + path, headers=AUTH).status_code == 200


@pytest.mark.parametrize("who", ["dist", "node1"])
def test_health_never_needs_it(guarded, who):
    assert http("GET", guarded[0].base(who) + "/health").status_code == 200


def test_the_token_is_in_no_log(guarded):
    c = guarded[0]
    http("POST", c.base("node1") + "/store/", data=b"abc", headers=AUTH)
    assert all(TOKEN not in c.log(name) for name in c.names)


def test_a_token_from_a_file(guarded, tmp_path):
    (tmp_path / "token").write_text(TOKEN + "\n")
    run = subprocess.run([BIN / "cdnctl", f"--url={guarded[0].url}", f"--token-file={tmp_path}/token", "scenario",
                          f"--folder={tmp_path}"], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


def test_cdnctl_says_what_is_missing(guarded, tmp_path):
    (tmp_path / "f").write_text("x")
    run = subprocess.run([BIN / "cdnctl", f"--url={guarded[0].url}", "put", tmp_path / "f"], capture_output=True,
                         text=True, check=False, env={"PATH": "/usr/bin:/bin"})
    assert run.returncode == 6
    assert "token" in run.stderr.lower()
