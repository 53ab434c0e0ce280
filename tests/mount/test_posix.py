"""The cases of tests/posix on this machine's own file system, which is the reference, and on the mount: all hold, and the
two agree."""
import pathlib
import re
import shutil
import subprocess
import tempfile

import pytest

from harness import BIN, ROOT

PROGRAM = BIN.parent / "posix/posix"
GROUPS = sorted(p.stem for p in (ROOT / "tests/posix").glob("*.c") if "CASE(" in p.read_text(encoding="utf-8"))
SECONDS = 240  # of a group, which takes less than two on a machine that is not busy


@pytest.fixture
def local():
    """A folder on a disk: what tmpfs does is not the reference."""
    folder = tempfile.mkdtemp(prefix="cdnfs-posix-", dir="/var/tmp")
    pathlib.Path(folder).chmod(0o755)  # users go in
    yield folder
    shutil.rmtree(folder)


def run(folder, group):
    """The results by case, and what was said."""
    done = subprocess.run([PROGRAM, folder, group], check=False, text=True, errors="replace", timeout=SECONDS,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    lines = done.stdout.splitlines()
    found = (re.match(r"(\w+/\w+) (ok|FAIL)", line) for line in lines)
    results = {m[1]: m[2] for m in found if m}
    assert re.fullmatch(rf"{len(results)} passed, 0 failed", lines[-1]), done.stdout
    assert done.returncode == 0
    assert all(name.startswith(group + "/") for name in results) and results
    return results


@pytest.mark.parametrize("group", GROUPS)
def test_holds_as_on_a_local_disk(mnt, local, group):
    assert run(mnt, group) == run(local, group)


def test_a_case_that_does_not_hold_is_told(local):
    """Of a directory in which nothing can be made."""
    done = subprocess.run([PROGRAM, f"{local}/missing", "unlink"], check=False, text=True, stdout=subprocess.PIPE)
    assert done.returncode == 1
    assert re.search(r"^unlink/missing FAIL ", done.stdout, re.M)
    assert re.search(r"^0 passed, \d+ failed$", done.stdout, re.M)
