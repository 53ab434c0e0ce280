"""One request id through mount, node and dist: what the log of one says can be found in the others'."""
import os
import re
import signal
import subprocess

import pytest

from harness import BIN, Cdn, clean_env, wait_for


@pytest.fixture
def chatty(tmp_path):
    """A CDN and a mount (.mounts[0]) that log every request."""
    one = Cdn(tmp_path / "cdn", nodes=1, env={"LOG_LEVEL": "debug", "DIST_TIMEOUT": "1"})
    one.mount(one.tmp / "mnt", "timeout=2")
    yield one
    one.close()


def lines(cdn, who, *words):
    """Lines of a program's log that have all the words: their request ids."""
    return [m[1] for line in cdn.log(who).splitlines() if all(w in line for w in words)
            and (m := re.search(r" req=(\S+)$", line))]


def the_id(cdn, who, *words):
    """The id of the one such line, which may still be on its way."""
    wait_for(f"{words} in the log of {who}", lambda: lines(cdn, who, *words))
    ids = set(lines(cdn, who, *words))
    assert len(ids) == 1, (who, words, ids)
    return ids.pop()


def test_a_write_has_one_id_in_mount_node_and_dist(chatty):
    (chatty.mounts[0].path / "f").write_bytes(b"x" * 1000)
    req = the_id(chatty, "mnt", "method=PUT", "/update/")
    assert re.fullmatch(r"[0-9a-f]{16}", req)
    assert the_id(chatty, "node1", "method=PUT", "path=/update/") == req
    assert the_id(chatty, "dist", "method=PUT", "path=/content/") == req


def test_each_operation_has_its_own(chatty):
    top = chatty.mounts[0].path
    for i in range(5):
        (top / f"d{i}").mkdir()

    def asked():
        return lines(chatty, "mnt", "method=POST", "/fs")
    # mkdir is preceded by a lookup, and now and then by a look at the root: no request shares an id with another, and none comes
    # to dist without one. Whoever lists this machine's mounts (df) asks too, at any time.
    wait_for("all of them at dist", lambda: set(asked()) == set(lines(chatty, "dist", "method=POST", "path=/fs")))
    ids = asked()
    assert len(ids) == len(set(ids)) >= 10


def test_bytes_read_ahead_belong_to_the_read(chatty):
    top = chatty.mounts[0].path
    (top / "f").write_bytes(os.urandom(3 << 20))
    chatty.mounts[0].umount()
    again = chatty.mount(chatty.tmp / "again")
    with open(again.path / "f", "rb") as f:
        while f.read(1 << 16):
            pass
    asked = lines(chatty, "again", "method=GET", "/retrieve/")
    assert asked and all(asked)
    for req in asked:
        wait_for(f"{req} at the node", lambda r=req: r in lines(chatty, "node1", "method=GET", "path=/retrieve/"))


def test_what_goes_wrong_at_the_node_is_found_in_the_mounts_log(chatty):
    """The node cannot reach dist: its answer's id is that of the mount's line."""
    with open(chatty.mounts[0].path / "f", "wb") as f:
        f.write(b"x")
        f.flush()
        chatty.kill("dist", signal.SIGSTOP)
        with pytest.raises(OSError):
            os.fsync(f.fileno())
        [req] = set(lines(chatty, "mnt", "file could not be stored"))
        wait_for("the node's line", lambda: req in lines(chatty, "node1", "status=503"))
        chatty.kill("dist", signal.SIGCONT)


def test_a_command_of_cdnctl_has_one(chatty, tmp_path):
    (tmp_path / "f").write_text("x")
    subprocess.run([BIN / "cdnctl", "--url", chatty.url, "put", tmp_path / "f", "/put"], check=True,
                   env=clean_env(), stdout=subprocess.DEVNULL)
    req = the_id(chatty, "node1", "status=200", "path=/store")
    assert the_id(chatty, "dist", "method=POST", "path=/content") == req
