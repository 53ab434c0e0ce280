"""The mount of a CDN whose tree is in PostgreSQL: the everyday tools, and a database that goes away for a moment."""
import os
import subprocess

import pytest

from harness import Cdn
from tools import git_env, run


@pytest.fixture(scope="module")
def top(pg, tmp_path_factory):
    """The root of a mount."""
    one = Cdn(tmp_path_factory.mktemp("cdn"), database=pg.database(), max_storage="2G")
    yield one.mount(one.tmp / "mnt").path
    one.close()


@pytest.fixture
def mnt(top, request):
    """A fresh folder of it."""
    folder = top / request.node.name
    folder.mkdir()
    return folder


def test_cp_a_then_diff_r_finds_nothing(mnt):
    run("cp", "-a", "/usr/include/linux/netfilter", mnt / "copy")
    assert run("diff", "-r", "/usr/include/linux/netfilter", mnt / "copy") == ""
    run("rm", "-r", mnt / "copy")
    assert os.listdir(mnt) == []


def test_a_thousand_files_are_listed_once_each(mnt):
    for i in range(1000):
        os.close(os.open(mnt / f"{i}", os.O_CREAT | os.O_WRONLY))
    assert sorted(os.listdir(mnt), key=int) == [str(i) for i in range(1000)]


def test_git_commits(mnt, tmp_path):
    env = git_env(tmp_path)
    run("git", "init", "-q", mnt, env=env)
    (mnt / "a").write_text("a\n")
    run("git", "add", ".", cwd=mnt, env=env)
    run("git", "commit", "-qm", "first", cwd=mnt, env=env)
    run("git", "fsck", "--strict", cwd=mnt, env=env, stderr=subprocess.STDOUT)
    assert run("git", "status", "--porcelain", cwd=mnt, env=env) == ""


def test_names_of_any_bytes(mnt):
    names = [b"a b", b"new\nline", b"\xff\xfe", "ü日".encode(), b"%41", b"x" * 255]
    for name in names:
        with open(os.fsencode(mnt) + b"/" + name, "wb") as f:
            f.write(name)
    assert sorted(os.listdir(os.fsencode(mnt))) == sorted(names)


def test_files_go_on_while_the_databases_connections_are_cut(mnt, pg):
    for i in range(60):
        if i % 10 == 5:
            run("psql", "-q", pg.url, "-c", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'")
        (mnt / f"{i}").write_text(f"{i}")
    assert all((mnt / f"{i}").read_text() == f"{i}" for i in range(60))
