"""The tools that people use, on the mount."""
import filecmp
import os
import pathlib
import shutil
import subprocess

import pytest

from tools import git_env, run


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """About 300 real files in folders."""
    folder = tmp_path_factory.mktemp("sample")
    for name in ("asm-generic", "netinet", "arpa", "sys", "scsi", "protocols", "net"):
        found = [p for p in (pathlib.Path("/usr/include") / name,
                             pathlib.Path("/usr/include/x86_64-linux-gnu") / name) if p.is_dir()]
        for source in found:
            shutil.copytree(source, folder / name, symlinks=True, dirs_exist_ok=True)
    count = sum(len(files) for _, _, files in os.walk(folder))
    assert count > 150
    return folder


@pytest.fixture
def copied(mnt, sample):
    """The sample, copied into the mount."""
    run("cp", "-a", sample, mnt / "copy")
    return mnt / "copy"


def tree(folder):
    """Everything below it: path → (type and mode, size, mtime, target)."""
    out = {}
    for path in sorted(folder.rglob("*")):
        st = path.lstat()
        out[str(path.relative_to(folder))] = (
            st.st_mode, st.st_uid, st.st_gid, 0 if path.is_dir() else st.st_size, st.st_mtime_ns,
            os.readlink(path) if path.is_symlink() else None)
    return out


def test_cp_a_then_diff_r_finds_nothing(copied, sample):
    assert run("diff", "-r", sample, copied) == ""


def test_cp_a_keeps_modes_owners_and_times(copied, sample):
    assert tree(copied) == tree(sample)


def test_cp_between_folders_of_the_mount(copied, sample, mnt):
    run("cp", "-r", copied, mnt / "second")
    assert run("diff", "-r", sample, mnt / "second") == ""


def test_mv_a_tree_within_the_mount(copied, sample, mnt):
    run("mv", copied, mnt / "moved")
    assert not copied.exists()
    assert run("diff", "-r", sample, mnt / "moved") == ""


def test_mv_a_tree_out_of_the_mount(copied, sample, tmp_path):
    run("mv", copied, tmp_path / "out")
    assert not copied.exists()
    assert tree(tmp_path / "out") == tree(sample)


def test_rm_r(copied, mnt):
    run("rm", "-r", copied)
    assert os.listdir(mnt) == []


def test_find_sees_what_the_source_has(copied, sample):
    want = sorted(run("find", ".", "-printf", "%y %P %l\n", cwd=sample).splitlines())
    assert sorted(run("find", ".", "-printf", "%y %P %l\n", cwd=copied).splitlines()) == want


def test_find_by_size_and_name(copied, sample):
    query = ("find", ".", "-name", "*.h", "-size", "+4k")
    want = sorted(run(*query, cwd=sample).splitlines())
    assert want
    assert sorted(run(*query, cwd=copied).splitlines()) == want


def test_grep_r(copied, sample):
    query = ("grep", "-rl", "struct", ".")
    want = sorted(run(*query, cwd=sample).splitlines())
    assert want
    assert sorted(run(*query, cwd=copied).splitlines()) == want


def test_tar_made_from_the_mount_equals_the_source(copied, sample, tmp_path):
    run("tar", "-cf", tmp_path / "t.tar", "-C", copied, ".")
    run("tar", "--compare", "-f", tmp_path / "t.tar", "-C", sample)


def test_tar_unpacked_on_the_mount(sample, mnt, tmp_path):
    run("tar", "--format=posix", "-czf", tmp_path / "t.tgz", "-C", sample, ".")
    run("tar", "-xpzf", tmp_path / "t.tgz", "-C", mnt)
    assert tree(mnt) == tree(sample)


def test_rsync_a_copies(sample, mnt):
    run("rsync", "-a", f"{sample}/", mnt / "r")
    assert tree(mnt / "r") == tree(sample)


def test_rsync_a_again_sends_nothing(sample, mnt):
    run("rsync", "-a", f"{sample}/", mnt / "r")
    assert run("rsync", "-ai", f"{sample}/", mnt / "r") == ""


def test_rsync_delete_takes_away_what_is_gone(sample, mnt):
    run("rsync", "-a", f"{sample}/", mnt / "r")
    (mnt / "r" / "sys" / "extra").write_text("not in the source")
    run("rsync", "-a", "--delete", f"{sample}/", mnt / "r")
    assert tree(mnt / "r") == tree(sample)


@pytest.fixture
def clone(mnt, tmp_path):
    """A git clone on the mount, and its environment."""
    env = git_env(tmp_path)
    origin = tmp_path / "origin"
    run("git", "init", "-q", origin, env=env)
    for i in range(20):
        (origin / f"{i}.txt").write_text(f"line {i}\n" * (i + 1))
    run("git", "add", ".", cwd=origin, env=env)
    run("git", "commit", "-qm", "first", cwd=origin, env=env)
    run("git", "clone", "-q", origin, mnt / "clone", env=env)
    return mnt / "clone", env


def test_git_clone_has_a_clean_tree(clone):
    folder, env = clone
    assert run("git", "status", "--porcelain", cwd=folder, env=env) == ""


def test_git_commit_and_fsck(clone):
    folder, env = clone
    (folder / "new.txt").write_text("new\n")
    run("git", "add", ".", cwd=folder, env=env)
    run("git", "commit", "-qm", "second", cwd=folder, env=env)
    run("git", "fsck", "--strict", cwd=folder, env=env, stderr=subprocess.STDOUT)
    assert run("git", "log", "--format=%s", cwd=folder, env=env) == "second\nfirst\n"


def test_git_gc_and_reset(clone):
    folder, env = clone
    run("git", "gc", "-q", cwd=folder, env=env)
    (folder / "3.txt").unlink()
    run("git", "reset", "-q", "--hard", cwd=folder, env=env)
    assert (folder / "3.txt").read_text() == "line 3\n" * 4


def test_gcc_builds_a_program_that_runs_from_the_mount(mnt):
    (mnt / "add.h").write_text("int add(int a, int b);\n")
    (mnt / "add.c").write_text('#include "add.h"\nint add(int a, int b) { return a + b; }\n')
    (mnt / "main.c").write_text('#include "add.h"\n#include <stdio.h>\n'
                                'int main(void) { printf("%d\\n", add(40, 2)); return 0; }\n')
    for name in ("add", "main"):
        run("gcc", "-c", f"{name}.c", cwd=mnt)
    run("ar", "rcs", "libadd.a", "add.o", cwd=mnt)
    run("gcc", "-o", "sum", "main.o", "-L.", "-ladd", cwd=mnt)
    assert run(mnt / "sum") == "42\n"


def test_make_builds_only_what_is_older(mnt):
    (mnt / "Makefile").write_text("out: in\n\tcp in out\n")
    (mnt / "in").write_text("1")
    run("make", "-s", cwd=mnt)
    assert "up to date" in run("make", cwd=mnt)


def test_sed_i_replaces_the_file(mnt):
    (mnt / "a").write_text("one two\n")
    run("sed", "-i", "s/two/three/", mnt / "a")
    assert (mnt / "a").read_text() == "one three\n"


def test_a_shell_script_runs_from_the_mount(mnt):
    (mnt / "s.sh").write_text("#!/bin/sh\necho it runs\n")
    (mnt / "s.sh").chmod(0o755)
    assert run(mnt / "s.sh") == "it runs\n"


def test_install_and_dd(mnt, tmp_path):
    source = tmp_path / "source"
    source.write_bytes(os.urandom(300000))
    run("install", "-m", "640", source, mnt / "installed")
    run("dd", f"if={mnt}/installed", f"of={mnt}/copied", "bs=4097", "status=none")
    assert filecmp.cmp(source, mnt / "copied", shallow=False)
