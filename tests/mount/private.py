"""private - a mount namespace in which cdnfs is installed and an ordinary user may mount: what fstab, fuse.conf and /dev/fuse
are there, a test chooses."""
import os
import pathlib
import shutil
import subprocess
import tempfile

from harness import BIN, PATIENCE, clean_env, wait_for

NOBODY = 65534
# The mounts of tests that run beside are copied with the namespace: each would live on here after its own unmount.
SETUP = """set -e
mount --make-rprivate /
umount -l -a -t fuse.cdnfs
mount -t overlay -o "lowerdir=$1/sbin:/usr/sbin" overlay /usr/sbin
mount -t overlay -o "lowerdir=$1/bin:/usr/local/bin" overlay /usr/local/bin
mount --bind "$1/fuse" /dev/fuse
mount --bind "$1/fuse.conf" /etc/fuse.conf
mount --bind "$1/fstab" /etc/fstab
echo ready
exec sleep infinity
"""


class Private:
    def __init__(self):
        self.base = pathlib.Path(tempfile.mkdtemp(prefix="cdnfs-private-", dir="/tmp"))
        self.base.chmod(0o755)  # pytest's folders are root's alone
        for name in ("bin", "sbin", "home"):
            (self.base / name).mkdir()
        shutil.copy(BIN / "cdnfs", self.base / "bin/cdnfs")
        (self.base / "sbin/mount.cdnfs").symlink_to("/usr/local/bin/cdnfs")
        os.chown(self.base / "home", NOBODY, NOBODY)
        os.mknod(self.base / "fuse", 0o20666, os.makedev(10, 229))
        self.device(0o666)
        self.fuse_conf("")
        self.fstab("")
        self.keeper = subprocess.Popen(["unshare", "-m", "sh", "-c", SETUP, "sh", self.base], text=True,
                                       stdout=subprocess.PIPE)
        assert self.keeper.stdout.readline() == "ready\n"

    def device(self, mode):
        (self.base / "fuse").chmod(mode)

    def fuse_conf(self, text):
        (self.base / "fuse.conf").write_text(text)

    def fstab(self, text):
        (self.base / "fstab").write_text(text)

    def command(self, *args, user=0):
        drop = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
        return ["nsenter", f"--mount=/proc/{self.keeper.pid}/ns/mnt", *drop, *map(str, args)]

    def run(self, *args, user=0, **env):
        """Exit status, and what was said on both channels."""
        done = subprocess.run(self.command(*args, user=user), check=False, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=2 * PATIENCE,
                              env=clean_env(**{"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", **env}))
        return done.returncode, done.stdout

    def ok(self, *args, user=0, **env):
        status, said = self.run(*args, user=user, **env)
        assert status == 0, said
        return said

    def folder(self, name, owner=0):
        """A new folder to mount on; its path is the same inside and outside."""
        path = self.base / "home" / name
        path.mkdir()
        os.chown(path, owner, owner)
        return path

    def inside(self, path):
        """The path by which this process gets at what is mounted there."""
        return pathlib.Path(f"/proc/{self.keeper.pid}/root{path}")

    def mounts(self, path):
        """The fields of mountinfo of the mounts at path, the top one last."""
        lines = pathlib.Path(f"/proc/{self.keeper.pid}/mountinfo").read_text(encoding="utf-8").splitlines()
        return [line.split() for line in lines if line.split()[4] == str(path)]

    def daemons(self, folder):
        """Processes that serve this folder."""
        found = []
        for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = entry.read_bytes().split(b"\0")
            except OSError:  # it ended meanwhile
                continue
            if os.path.basename(words[0]) in (b"cdnfs", b"mount.cdnfs") and os.fsencode(folder) in words:
                found.append(int(entry.parent.name))
        return found

    def clear(self, folder):
        """Nothing is mounted there any more, and nobody serves it."""
        while self.mounts(folder):
            self.ok("umount", "-l", folder)
        wait_for("the end of cdnfs", lambda: not self.daemons(folder))

    def close(self):
        self.keeper.kill()
        self.keeper.wait()
        self.keeper.stdout.close()
        shutil.rmtree(self.base)
