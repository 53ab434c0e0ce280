"""cdnctl get into a mounted CDN, which has no files without names."""
import os
import subprocess

from harness import BIN, clean_env


def get(cdn, *args):
    return subprocess.run([BIN / "cdnctl", f"--url={cdn.url}", "get", *map(str, args)], capture_output=True, text=True, check=False,
                          env=clean_env())


def test_it_appears_whole(mounted_cdn, mnt):
    (mnt / "one").write_bytes(os.urandom(3_000_000))
    path = f"{mnt.name}/one"
    r = get(mounted_cdn, path, mnt / "two")
    assert r.returncode == 0, r.stderr
    assert (mnt / "two").read_bytes() == (mnt / "one").read_bytes()
    assert sorted(os.listdir(mnt)) == ["one", "two"]


def test_it_replaces(mounted_cdn, mnt):
    (mnt / "one").write_bytes(b"new")
    (mnt / "two").write_bytes(b"much older")
    (mnt / "two").chmod(0o640)
    r = get(mounted_cdn, f"{mnt.name}/one", mnt / "two")
    assert r.returncode == 0, r.stderr
    assert (mnt / "two").read_bytes() == b"new"
    assert (mnt / "two").stat().st_mode & 0o777 == 0o640
    assert sorted(os.listdir(mnt)) == ["one", "two"]
