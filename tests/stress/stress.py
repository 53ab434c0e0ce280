"""Runs stress-ng's stressors one after another on a mount: stress.py SECONDS [NAME]."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from harness import PATIENCE, Cdn  # noqa: E402  (found by the path above)

# The class "filesystem" of stress-ng, and of "io" and "memory" what works on files. Left out: those that never look at the
# folder that they are given (binderfs, procfs, bind-mount, eventfd); and
#   file-ioctl  wants FIOQSIZE to tell of blocks that a change just now gave; Linux asks no FUSE server for that
#   fsize       emulates fallocate where that is refused, and then misses the limit that it set itself
#   io-uring    fails with kernels that are newer than it, on a local disk too
STRESSORS = """access aio aiol chattr chdir chmod chown copy-file dentry dir dirdeep dirmany dnotify dup fallocate fanotify
fcntl fiemap filename flock fpunch fstat getdent handle hdd inode-flags inotify io iomix ioprio lease link locka lockf
lockofd mknod mmap mmapmany open readahead rename revio seek sendfile splice symlink sync-file tee touch utime verity
xattr""".split()
NOT_FOR_THIS = 3  # exit status: "not implemented", as verity on FUSE


def stress(name, seconds, folder):
    """What is wrong, or ""; and whether it applied at all."""
    args = ["stress-ng", f"--{name}", "2", "--timeout", f"{seconds}s", "--verify", "--temp-path", folder]
    try:
        done = subprocess.run(args, check=False, text=True, errors="replace", timeout=seconds + 2 * PATIENCE,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except subprocess.TimeoutExpired:
        return "it does not end", True
    said = "\n".join(line for line in done.stdout.splitlines() if re.search(r" (fail|error): ", line))
    left = os.listdir(folder)
    if done.returncode not in (0, NOT_FOR_THIS):
        return f"exit status {done.returncode}\n{said or done.stdout}", True
    return said or (f"left behind: {left}" if left else ""), done.returncode == 0


def main():
    seconds, only = int(sys.argv[1]), sys.argv[2:]
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="cdnfs-stress-", dir="/var/tmp") as tmp:
        cdn = Cdn(pathlib.Path(tmp) / "cdn", max_storage="8G")
        try:
            mount = cdn.mount(cdn.tmp / "mnt")
            for name in only or STRESSORS:
                folder = mount.path / name
                folder.mkdir()
                wrong, applied = stress(name, seconds, folder)
                print(f"{name}: {wrong or ('ok' if applied else 'does not apply')}", flush=True)
                if wrong:
                    failed += 1
                else:
                    passed += 1
                    folder.rmdir()
        finally:
            cdn.close()
    print(f"{passed} passed, {failed} failed")
    return bool(failed or not passed)


if __name__ == "__main__":
    sys.exit(main())
