"""Who does something in a folder: root, or an ordinary user. On a mount and on a local disk the same must come of it."""
import errno
import os
import pickle
import tempfile

import pytest

LOCAL = "/var/tmp"  # has attributes and ACLs, as tests/README.md says
ALICE, BOB, STAFF, GUESTS = 12001, 12002, 13001, 13002


def outcome(call, *args, **kw):
    """What a call gives: its value, or its errno's name."""
    try:
        return call(*args, **kw)
    except OSError as e:
        return {errno.ENOTSUP: "EOPNOTSUPP"}.get(e.errno, errno.errorcode[e.errno])


def as_user(uid, call, *args, gid=None, groups=(), umask=0o022):
    """outcome() of a call by a user, whose folder is the caller's."""
    here, there = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(here)
            os.setgroups(groups)
            os.setresgid(*[uid if gid is None else gid] * 3)
            os.setresuid(uid, uid, uid)
            os.umask(umask)
            with os.fdopen(there, "wb") as out:
                pickle.dump(outcome(call, *args), out)
            status = 0
        finally:
            os._exit(status)
    os.close(there)
    with os.fdopen(here, "rb") as answer:
        data = answer.read()
    assert os.waitpid(child, 0)[1] == 0, "the user's process failed"
    return pickle.loads(data)


@pytest.fixture(params=["mount", "local"])
def place(request, monkeypatch):
    """An empty folder, which is the working folder; once on a mount, once on the local disk."""
    if request.param == "mount":
        folder = request.getfixturevalue("mnt")
        folder.chmod(0o755)
        monkeypatch.chdir(folder)
        yield folder
        return
    with tempfile.TemporaryDirectory(dir=LOCAL) as name:
        os.chmod(name, 0o755)
        monkeypatch.chdir(name)
        yield name


def write(path, data=b"x", flags=0):
    """Opens and writes."""
    fd = os.open(path, os.O_WRONLY | flags)
    try:
        return os.write(fd, data)
    finally:
        os.close(fd)
