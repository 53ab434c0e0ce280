"""GET fs/check and cdnctl fsck; the harness asks it after every other test. Each kind of damage: unit/dist/check_test.c."""
import sqlite3
import subprocess

from cluster import BIN, http


def fsck(cdn, *flags):
    return subprocess.run([BIN / "cdnctl", f"--url={cdn.url}", *flags, "fsck"], capture_output=True, text=True,
                          timeout=60, check=False)


def test_clean(new_cdn):
    cdn = new_cdn(nodes=1)
    cdn.fs({"op": "mkdir", "dir": 1, "name": "d", "mode": 0o755, "uid": 0, "gid": 0}, {"op": "create", "dir": 1, "name": "f", "mode": 0o100644, "uid": 0, "gid": 0})
    said = fsck(cdn)
    assert (said.returncode, said.stdout, said.stderr) == (0, "3 inodes, 2 entries, 1 contents: clean\n", "")
    assert http("GET", cdn.url + "/fs/check").json() == {
        "clean": True, "inodes": 3, "entries": 2, "contents": 1, "found": 0, "findings": []}


def test_damaged(new_cdn):
    cdn = new_cdn(nodes=1)
    cdn.damaged = True
    fid = cdn.fs({"op": "create", "dir": 1, "name": "f", "mode": 0o100644, "uid": 0, "gid": 0})[0]["attr"]["id"]
    with sqlite3.connect(cdn.tmp / "cdn.db", timeout=60) as db:
        db.execute("UPDATE inode SET nlink = 2 WHERE id = ?", (fid,))
    said = fsck(cdn)
    assert said.returncode == 1
    assert said.stdout == (f"links           inode {fid}: nlink is 2, it has 1 names\n"
                           "2 inodes, 1 entries, 1 contents: damaged\n")
    assert "breaks its own rules" in said.stderr
    found = http("GET", cdn.url + "/fs/check").json()
    assert (found["clean"], found["found"]) == (False, 1)
    assert (found["findings"][0]["check"], found["findings"][0]["id"]) == ("links", fid)


def test_the_token_is_asked_for(new_cdn):
    cdn = new_cdn(nodes=1, env={"CDN_TOKEN": "secret-of-this-test", "PROTECT_READS": "1"})
    assert http("GET", cdn.url + "/fs/check").status_code == 401
    assert http("GET", cdn.url + "/fs/check", headers={"Authorization": "Bearer secret-of-this-test"}).json()["clean"]
