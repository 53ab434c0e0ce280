"""cdnctl protect: an unmounted mount point that nobody writes to by mistake."""
import json
import os
import pathlib
import secrets
import shutil
import subprocess
import tempfile

import pytest

from harness import BIN, clean_env, unmount
from private import NOBODY

FILE_SYSTEMS = {"ext4": ("immutable",), "tmpfs": ("immutable", "mode"), "ramfs": ("mode",)}


def cdnctl(*args, user=0, program=BIN / "cdnctl"):
    drop = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
    r = subprocess.run([*drop, program, *map(str, args)], capture_output=True, text=True, check=False, env=clean_env())
    return r.returncode, r.stdout, r.stderr


def protect(*args):
    rc, out, err = cdnctl("--json", *args)
    assert rc == 0, err
    return json.loads(out)


@pytest.fixture(scope="module")
def disks():
    """File systems by name, mounted where users may go."""
    base = pathlib.Path(tempfile.mkdtemp(prefix="cdnfs-protect-", dir="/tmp"))
    base.chmod(0o755)
    shutil.copy(BIN / "cdnctl", base / "cdnctl")
    made = {}
    with open(base / "image", "wb") as image:
        image.truncate(16 << 20)
    subprocess.run(["mkfs.ext4", "-q", base / "image"], check=True)
    for name in FILE_SYSTEMS:
        (base / name).mkdir()
        what = ["-o", "loop", base / "image"] if name == "ext4" else ["-t", name, "none"]
        subprocess.run(["mount", *what, base / name], check=True)
        made[name] = base / name
    yield made
    for path in made.values():
        unmount(path)
    shutil.rmtree(base)


@pytest.fixture(params=FILE_SYSTEMS)
def point(request, disks):
    """(an empty folder, by what it may be protected)."""
    path = disks[request.param] / secrets.token_hex(4)
    path.mkdir(mode=0o750)
    yield path, FILE_SYSTEMS[request.param]
    cdnctl("unprotect", path)
    shutil.rmtree(path)


def can_write(path, user=0):
    """Whether that user can make a file there."""
    drop = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
    r = subprocess.run([*drop, "touch", path / "mistake"], capture_output=True, check=False)
    return r.returncode == 0


def test_nobody_writes_there(point):
    path, ways = point
    os.chmod(path, 0o1777)
    assert can_write(path, user=NOBODY)
    (path / "mistake").unlink()
    done = protect("protect", path)
    assert (done["protected"], done["changed"], done["path"]) == (True, True, str(path))
    assert done["by"] in ways
    assert not can_write(path, user=NOBODY)
    if done["by"] == "immutable":
        assert not can_write(path)  # nor root
    assert protect("protect", path) == {**done, "changed": False}
    assert protect("unprotect", path) == {"path": str(path), "protected": False, "changed": True}
    assert can_write(path)
    assert protect("unprotect", path)["changed"] is False


def test_the_mode_comes_back(point):
    path, _ = point
    done = protect("protect", path)
    protect("unprotect", path)
    # where the file system keeps no such attribute, the usual one stands for it
    assert path.stat().st_mode & 0o7777 in ((0o750,) if done["by"] == "immutable" else (0o750, 0o755))


def test_mounting_over_it_works(mounted_cdn, point):
    path, _ = point
    protect("protect", path)
    m = mounted_cdn.mount(path)
    (path / "file.txt").write_text("in the CDN")
    (path / "file.txt").unlink()
    rc, _, err = cdnctl("protect", path)
    assert (rc, "mounted" in err) == (6, True), err
    rc, _, err = cdnctl("unprotect", path)
    assert (rc, "mounted" in err) == (6, True), err
    m.umount()
    mounted_cdn.mounts.remove(m)
    assert protect("protect", path)["changed"] is False  # still is
    assert not can_write(path, user=NOBODY)


def test_a_folder_with_something_in_it_is_refused(point):
    path, _ = point
    (path / "file").write_text("")
    rc, _, err = cdnctl("protect", path)
    assert (rc, "not empty" in err) == (6, True), err
    assert can_write(path)


def test_users_are_refused(disks, point):
    path, _ = point
    rc, _, err = cdnctl("protect", path, user=NOBODY, program=disks["ext4"].parent / "cdnctl")
    assert (rc, "root" in err) == (6, True), err
    assert can_write(path)


def test_people_are_told_what_was_done(point):
    path, _ = point
    by = protect("protect", path)["by"]
    protect("unprotect", path)
    rc, out, _ = cdnctl("protect", path)
    assert rc == 0 and out.startswith(f"{path}: ")
    assert ("immutable now" in out) if by == "immutable" else ("mode 0 now" in out and "root" in out)


def test_what_is_no_folder(tmp_path):
    (tmp_path / "file").write_text("")
    assert cdnctl("protect", tmp_path / "file")[0] == 3
    assert cdnctl("protect", tmp_path / "nothing")[0] == 3
    assert cdnctl("protect")[0] == 2
    assert cdnctl("protect", "/proc")[0] == 6  # a mount


def test_a_dead_mount_is_refused(mounted_cdn, tmp_path):
    m = mounted_cdn.mount(tmp_path / "dead")
    m.kill()
    rc, _, err = cdnctl("protect", m.path)
    m.close()
    mounted_cdn.mounts.remove(m)
    assert (rc, "dead" in err) == (6, True), err
