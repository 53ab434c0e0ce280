"""Whole programs that keep their data on the mount."""
import concurrent.futures
import contextlib
import os
import pathlib
import shutil
import sqlite3
import subprocess
import tempfile

import pytest

from harness import PATIENCE, ROOT, Cdn
from tools import git_env, run

ACCOUNTS = 100000  # of pgbench at scale 1


@pytest.fixture
def repository(mnt, tmp_path):
    """A git repository on the mount with three commits, and its environment."""
    env = git_env(tmp_path)
    run("git", "init", "-q", "-b", "main", mnt / "repo", env=env)
    for n in range(3):
        for i in range(30):
            (mnt / "repo" / f"{i}.txt").write_text(f"{n} {i}\n" * 50)
        run("git", "add", ".", cwd=mnt / "repo", env=env)
        run("git", "commit", "-qm", f"commit {n}", cwd=mnt / "repo", env=env)
    return mnt / "repo", env


def test_git_worktrees_and_branches(repository, mnt):
    repo, env = repository
    run("git", "worktree", "add", "-q", "-b", "other", mnt / "tree", "HEAD~1", cwd=repo, env=env)
    assert (mnt / "tree/7.txt").read_text() == "1 7\n" * 50
    (mnt / "tree/new.txt").write_text("new\n")
    run("git", "add", ".", cwd=mnt / "tree", env=env)
    run("git", "commit", "-qm", "in the worktree", cwd=mnt / "tree", env=env)
    run("git", "merge", "-q", "-m", "merged", "other", cwd=repo, env=env)
    assert (repo / "new.txt").read_text() == "new\n"
    run("git", "worktree", "remove", mnt / "tree", cwd=repo, env=env)
    assert not (mnt / "tree").exists()
    assert run("git", "status", "--porcelain", cwd=repo, env=env) == ""


def test_git_clones_of_each_other_and_gc(repository, mnt):
    repo, env = repository
    run("git", "clone", "-q", "--local", repo, mnt / "linked", env=env)  # hard links
    assert os.stat(next((mnt / "linked/.git/objects").glob("??/*"))).st_nlink == 2
    run("git", "gc", "-q", "--prune=now", "--aggressive", cwd=repo, env=env)
    run("git", "repack", "-qad", cwd=mnt / "linked", env=env)
    for folder in (repo, mnt / "linked"):
        run("git", "fsck", "--strict", cwd=folder, env=env, stderr=subprocess.STDOUT)
        assert run("git", "log", "--format=%s", cwd=folder, env=env).splitlines() == ["commit 2", "commit 1", "commit 0"]
    run("git", "push", "-q", repo, "HEAD:refs/heads/pushed", cwd=mnt / "linked", env=env)
    assert "pushed" in run("git", "branch", cwd=repo, env=env)


def test_make_j_builds_a_project(mnt):
    names = [f"part{i}" for i in range(24)]
    for i, name in enumerate(names):
        (mnt / f"{name}.c").write_text(f'#include "all.h"\nint {name}(void) {{ return {i}; }}\n')
    (mnt / "all.h").write_text("".join(f"int {name}(void);\n" for name in names))
    (mnt / "main.c").write_text('#include "all.h"\n#include <stdio.h>\nint main(void) { printf("%d\\n", '
                                + " + ".join(f"{name}()" for name in names) + "); return 0; }\n")
    (mnt / "Makefile").write_text("all: sum\nobj = $(patsubst %.c,%.o,$(wildcard *.c))\nsum: $(obj)\n\t$(CC) -o $@ $^\n"
                                  "%.o: %.c all.h\n\t$(CC) -c -o $@ $<\n")
    run("make", "-s", "-j8", cwd=mnt)
    assert run(mnt / "sum") == f"{sum(range(24))}\n"
    assert "Nothing to be done" in run("make", cwd=mnt)
    (mnt / "part3.c").write_text('#include "all.h"\nint part3(void) { return 1003; }\n')
    assert run("make", "-j8", cwd=mnt).count(" -c ") == 1
    assert run(mnt / "sum") == f"{sum(range(24)) + 1000}\n"


def add_rows(path, who):
    with contextlib.closing(sqlite3.connect(path, timeout=PATIENCE)) as db:
        for i in range(20):
            with db:
                db.execute("INSERT INTO t VALUES (?, ?)", (who, i))


@pytest.mark.parametrize("mode", ["delete", "truncate", "persist", "memory", "off", "wal"])
def test_sqlite_in_every_journal_mode(mnt, mode):
    with contextlib.closing(sqlite3.connect(mnt / "a.db")) as db:
        assert db.execute(f"PRAGMA journal_mode={mode}").fetchone()[0] == mode
        with db:
            db.execute("CREATE TABLE t (who INTEGER, i INTEGER, UNIQUE (who, i))")
            db.executemany("INSERT INTO t VALUES (-1, ?)", [(i,) for i in range(3000)])
        if mode != "off":  # which cannot undo
            with contextlib.suppress(ZeroDivisionError), db:
                db.execute("DELETE FROM t")
                raise ZeroDivisionError
    with concurrent.futures.ProcessPoolExecutor(3) as pool:
        list(pool.map(add_rows, [mnt / "a.db"] * 3, range(3)))
    with contextlib.closing(sqlite3.connect(mnt / "a.db")) as db:
        assert db.execute("SELECT who, count(*) FROM t GROUP BY who ORDER BY who").fetchall() == [
            (-1, 3000), (0, 20), (1, 20), (2, 20)]
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


@pytest.fixture
def public_mount(tmp_path):
    """A mount into which other users than root see."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="cdnfs-programs-", dir="/tmp"))
    folder.chmod(0o755)
    cdn = Cdn(tmp_path / "cdn", max_storage="4G")
    try:
        yield cdn.mount(folder / "mnt").path
    finally:
        cdn.close()
        shutil.rmtree(folder)


def test_postgresql_keeps_its_data_on_the_mount(public_mount):
    folder = public_mount / "pg"
    bench = max(pathlib.Path("/usr/lib/postgresql").glob("*/bin/pgbench"), key=lambda p: float(p.parts[4]))
    url = run(ROOT / "tests/pg.sh", "start", folder).split()[-1]
    try:
        run(bench, "-q", "-i", "-s", "1", url, stderr=subprocess.STDOUT)
        said = run(bench, "-c", "2", "-t", "10", url, stderr=subprocess.STDOUT)
        assert "number of transactions actually processed: 20/20" in said
        run("psql", "-q", url, "-c", "CHECKPOINT")
        run(ROOT / "tests/pg.sh", "stop", folder)  # "immediate": it recovers from its log when it starts
        run(ROOT / "tests/pg.sh", "start", folder)
        count = "SELECT (SELECT count(*) FROM pgbench_accounts), (SELECT count(*) FROM pgbench_history)"
        assert run("psql", "-qAt", url, "-c", count) == f"{ACCOUNTS}|20\n"
    finally:
        run(ROOT / "tests/pg.sh", "stop", folder)


def test_vim_edits_a_file(mnt):
    (mnt / "a").write_text("one\ntwo\n")
    (mnt / "a").chmod(0o640)
    script = ["-c", "set backup writebackup backupdir=. backupskip=", "-c", "%s/two/three/", "-c", "wq"]
    run("vim.tiny", "-u", "NONE", "-N", "-es", *script, mnt / "a", cwd=mnt)
    assert (mnt / "a").read_text() == "one\nthree\n"
    assert (mnt / "a~").read_text() == "one\ntwo\n"
    assert (mnt / "a").stat().st_mode & 0o777 == 0o640
    assert sorted(os.listdir(mnt)) == ["a", "a~"]  # and no swap file


def package(folder, version):
    """A Debian package with two hundred files and a link."""
    root = folder / version
    (root / "DEBIAN").mkdir(parents=True)
    (root / "DEBIAN/control").write_text(f"Package: sample\nVersion: {version}\nArchitecture: all\nMaintainer: a <a@b>\n"
                                         "Description: a sample\n")
    (root / "DEBIAN/conffiles").write_text("/etc/sample.conf\n")
    (root / "etc").mkdir()
    (root / "etc/sample.conf").write_text("value = 1\n")
    (root / "usr/share/sample").mkdir(parents=True)
    for i in range(200):
        (root / f"usr/share/sample/{i}").write_text(f"{version} {i}\n")
    (root / "usr/share/sample/link").symlink_to("1")
    os.link(root / "usr/share/sample/2", root / "usr/share/sample/hard")
    run("dpkg-deb", "-b", "--root-owner-group", root, folder / f"{version}.deb")
    return folder / f"{version}.deb"


def test_dpkg_unpacks_upgrades_and_removes(mnt, tmp_path):
    root = mnt / "root"
    for name in ("info", "updates", "triggers"):
        (root / "var/lib/dpkg" / name).mkdir(parents=True)
    (root / "var/lib/dpkg/status").touch()
    dpkg = ("dpkg", f"--root={root}", "--force-not-root,script-chrootless", f"--log={tmp_path}/log")
    one, two = package(tmp_path, "1.0"), package(tmp_path, "2.0")
    run("dpkg", "-x", one, mnt / "plain")
    assert (mnt / "plain/usr/share/sample/7").read_text() == "1.0 7\n"
    assert (mnt / "plain/usr/share/sample/hard").stat().st_nlink == 2
    run(*dpkg, "--unpack", one)
    run(*dpkg, "--configure", "sample")
    (root / "etc/sample.conf").write_text("value = 2\n")
    run(*dpkg, "--install", two)
    assert (root / "usr/share/sample/7").read_text() == "2.0 7\n"
    assert (root / "etc/sample.conf").read_text() == "value = 2\n"
    assert "ok installed" in run(*dpkg, "--status", "sample")
    run(*dpkg, "--purge", "sample")
    assert not (root / "usr/share/sample").exists()
    assert not list(root.rglob("*.dpkg-*"))


def test_a_python_environment(mnt):
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    run("/usr/bin/python3", "-m", "venv", mnt / "venv", env=env)
    python = mnt / "venv/bin/python3"
    assert run(python, "-c", "import sys; print(sys.prefix)", env=env) == f"{mnt}/venv\n"
    assert "pip" in run(python, "-m", "pip", "--version", env=env)
    (mnt / "package").mkdir()
    (mnt / "package/sample.py").write_text("ANSWER = 42\n")
    run(python, "-m", "compileall", "-q", mnt / "package", env=env)
    assert list((mnt / "package/__pycache__").glob("sample.*.pyc"))
    assert run(python, "-c", "import sample; print(sample.ANSWER)", env={**env, "PYTHONPATH": str(mnt / "package")}) == "42\n"


@pytest.fixture
def linked_tree(tmp_path):
    """Files with several names, of all types, sparse ones, with odd names and times."""
    top = tmp_path / "tree"
    (top / "a/b").mkdir(parents=True)
    for i in range(50):
        (top / f"a/{i}").write_bytes(os.urandom(i * 100))
        os.utime(top / f"a/{i}", ns=(i * 10**9 + 1, i * 10**15 + 123456789))
    for i in range(0, 50, 5):
        os.link(top / f"a/{i}", top / f"a/b/{i}")
    (top / "a/link").symlink_to("b/5")
    os.mkfifo(top / "fifo", 0o640)
    os.mknod(top / "null", 0o20666, os.makedev(1, 3))
    with open(top / "sparse", "wb") as f:
        f.truncate(1 << 20)
        f.seek(1 << 19)
        f.write(b"in the middle")
    (top / os.fsdecode(b"caf\xe9 \xff")).write_text("not UTF-8")
    (top / "a/setuid").touch()
    os.chown(top / "a/setuid", 12, 34)
    (top / "a/setuid").chmod(0o6711)
    os.utime(top / "a", ns=(1, 2))
    return top


def test_rsync_a_with_hard_links_again_sends_nothing(linked_tree, mnt):
    copy = ("rsync", "-aHi", "--numeric-ids", f"{linked_tree}/", mnt / "copy")
    assert run(*copy)
    assert run(*copy) == ""
    assert (mnt / "copy/a/b/5").stat().st_ino == (mnt / "copy/a/5").stat().st_ino
    assert run("rsync", "-aHi", "--checksum", "--numeric-ids", f"{mnt}/copy/", linked_tree) == ""


def test_cp_a_and_tar_bring_it_back(linked_tree, mnt, tmp_path):
    run("cp", "-a", linked_tree, mnt / "copy")
    run("tar", "-C", mnt, "--numeric-owner", "-cSf", mnt / "t.tar", "copy")
    run("tar", "--compare", "-f", mnt / "t.tar", "-C", mnt)
    run("tar", "-C", tmp_path, "--numeric-owner", "-xpf", mnt / "t.tar")
    assert run("rsync", "-aHin", "--checksum", "--numeric-ids", f"{tmp_path}/copy/", linked_tree) == ""
