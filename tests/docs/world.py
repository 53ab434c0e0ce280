"""world - a copy of this machine on which nothing that is done stays: its own mounts, network and processes."""
import os
import pathlib
import shutil
import subprocess
import tempfile

NOBODY = 65534
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# changes to these go to folders of ours; new, empty ones are in the place of those
OVERLAID = ("/etc", "/usr", "/var/lib")
EMPTY = ("/mnt", "/tmp", "/var/log", "/var/cache", "/var/backups")
LO_UP = """import fcntl, socket, struct
fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sh14x", b"lo", 0x1 | 0x40))"""
SETUP = """set -e
base=$1
mount --make-rprivate /
# those of tests that run beside would live on in this copy after their own unmount
umount -l -a -t fuse.cdnfs
for folder in $2; do
	place=$base/over$folder
	mkdir -p "$place/up" "$place/work"
	mount -t overlay -o "lowerdir=$folder,upperdir=$place/up,workdir=$place/work" overlay "$folder"
done
for folder in $3; do
	mkdir -p "$base/empty$folder" "$folder"
	mount --bind "$base/empty$folder" "$folder"
done
chmod 1777 /tmp
mount --bind "$base/fuse" /dev/fuse
: > /etc/fuse.conf
/usr/bin/python3 -c "$4"
echo ready
# bash takes up the ends of processes whose parents are gone
sleep infinity &
wait
"""


def copy_tree(root, to):
    """The files of the source, as they are now, without what was built."""
    listed = subprocess.run(["git", "-C", root, "ls-files", "-z", "-co", "--exclude-standard"], check=True,
                            stdout=subprocess.PIPE).stdout
    for name in filter(None, os.fsdecode(listed).split("\0")):
        if (root / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, to / name)


class World:
    """root: the folder of the source. base: where all that is ours lies; `tree` in it is a copy of root."""

    def __init__(self, root):
        # on a disk, as a node's folder and the staging folder must be
        self.base = pathlib.Path(tempfile.mkdtemp(prefix="cdnfs-docs-", dir="/var/tmp"))
        self.keeper = None
        try:
            self._make(pathlib.Path(root))
        except BaseException:
            self.close()
            raise

    def _make(self, root):
        self.base.chmod(0o755)
        self.tree = self.base / "cdnfs"
        copy_tree(root, self.tree)
        for name, owner in (("home", 0), ("user", NOBODY)):
            (self.base / name).mkdir()
            os.chown(self.base / name, owner, owner)
        os.mknod(self.base / "fuse", 0o20666, os.makedev(10, 229))
        (self.base / "fuse").chmod(0o666)
        self.complaints = open(self.base / "setup.log", "wb")
        self.keeper = subprocess.Popen(
            ["unshare", "-m", "-n", "-p", "--fork", "--kill-child", "--mount-proc", "bash", "-c", SETUP, "bash", self.base,
             " ".join(OVERLAID), " ".join(EMPTY), LO_UP], text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.complaints)
        assert self.keeper.stdout.readline() == "ready\n", (self.base / "setup.log").read_text(encoding="utf-8")

    def run(self, script, seconds):
        """Runs it with bash in the tree, as root. Exit status, and what was said."""
        ns = f"/proc/{self.keeper.pid}/ns"
        said, file = self.base / "said", self.base / "script"
        file.write_text(script)
        env = {"PATH": PATH, "HOME": str(self.base / "home"), "USER_HOME": str(self.base / "user"), "LANG": "C.UTF-8",
               "TERM": "dumb"}
        # a file and no pipe: servers that are started keep it open
        with open(said, "wb") as out:
            done = subprocess.run(["nsenter", f"--mount={ns}/mnt", f"--net={ns}/net", f"--pid={ns}/pid_for_children",
                                   f"--wdns={self.tree}", "bash", file], env=env, check=False, stdin=subprocess.DEVNULL,
                                  stdout=out, stderr=out, timeout=seconds)
        return done.returncode, said.read_text(encoding="utf-8", errors="replace")

    def close(self):
        """Ends every process in it; its mounts go with them."""
        if self.keeper:
            children = pathlib.Path(f"/proc/{self.keeper.pid}/task/{self.keeper.pid}/children").read_text(encoding="ascii")
            for child in children.split():  # its init, with which all others end
                os.kill(int(child), 9)
            self.keeper.wait()
            self.keeper.stdout.close()
            self.complaints.close()
        subprocess.run(["chattr", "-R", "-f", "-i", self.base], check=False)
        shutil.rmtree(self.base)
