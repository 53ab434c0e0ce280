"""prepare - what the chapters of the documents find when their commands are run, and what must be true afterwards.

before and after are shell, and run as root. A chapter that is not here is run as it is. user: who types the commands."""
import dataclasses


@dataclasses.dataclass
class Chapter:
    before: str = ""
    after: str = ""
    user: str = "root"


# Commands that are not run here, each with the reason and the place where it is shown.
ELSEWHERE = {}

HELPERS = r"""
# until the command says yes
await() (
	set +x
	for i in $(seq 600); do
		if "$@" > /dev/null 2>&1; then exit 0; fi
		sleep 0.1
	done
	echo "not within a minute: $*"
	exit 1
)
mounted() { findmnt "$1" > /dev/null; }
# unlike with "!", the shell ends when it does not
fails() { if "$@"; then return 1; fi; }
gone() { fails pgrep "$@"; }
up() { # NODE...: dist places files on exactly these
	[ "$(cdnctl --json stats | jq -r '[.stats | to_entries[] | select(.value.status == "UP") | .key] | sort | join(" ")')" = "$*" ]
}
trash_has() { [ "$(find /var/lib/cdn-node/*/trash -type f | wc -l)" = "$1" ]; }
# every version that dist knows is in a node's service
in_service() {
	curl -s 'http://127.0.0.1:8000/content/?limit=1000' | jq -r '.[] | select(.stamp) | "\(.id).0.\(.stamp)"' | LC_ALL=C sort > /tmp/known
	find /var/lib/cdn-node/*/?? -type f -printf '%f\n' | LC_ALL=C sort > /tmp/live
	[ -s /tmp/known ] && [ -z "$(LC_ALL=C comm -23 /tmp/known /tmp/live)" ]
}
stored() { cdnctl --json stats | jq -e ".stats.$1.storage > 0"; }
as_nobody() { HOME=$USER_HOME setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
same() { diff -r --no-dereference "$1" "$2"; }
fill() { # FOLDER: a small tree of files, links and odd names
	mkdir -p "$1/sub/empty folder"
	for i in $(seq 30); do head -c "$((i * 1500))" /dev/urandom > "$1/file $i"; done
	cp "$1"/file\ 1? "$1/sub/"
	ln -s 'file 1' "$1/link"
	: > "$1/nothing"
}
"""

README = {
    "cdnfs": Chapter(
        before="head -c 5000 /dev/urandom > photo.jpg",
        after="""fails mounted /mnt/cdn
gone -x 'cdnfs|dist|node'
[ -s var/dist/cdn.db ]
# and it comes back with what was stored
make up
cmp photo.jpg /mnt/cdn/photo.jpg
make down"""),
}
# A person's /usr/include is large; some of it does, and a link that leads nowhere from where it is copied to.
README_BEGIN = """make -j"$(nproc)" > /dev/null
mkdir /tmp/include
cp -rp /usr/include/*.h /usr/include/linux /tmp/include/
# what make looks at
cat build/*/*.d | grep -o '/usr/include/[^ :]*' | sort -u | (cd /usr/include && sed 's|/usr/include/||' | xargs cp -p --parents -t /tmp/include)
ln -s ../lib/nowhere /tmp/include/link
mount --bind /tmp/include /usr/include
"""

INSTALL = {
    "A try": Chapter(after="""gone -x 'cdnfs|dist|node'
[ ! -e var ] && [ ! -e build ]"""),
    # systemd does not run there: what stands in for it does as the units say
    "Debian packages": Chapter(
        before="""mount -t tmpfs run /run
mkdir /run/systemd /run/systemd/system
rm -f /usr/sbin/policy-rc.d
install tests/deb/systemctl /usr/local/sbin/
echo 'DPkg::Path "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";' > /etc/apt/apt.conf.d/path""",
        after="""await up node1
mounted /mnt/cdn
cmp README.md /mnt/cdn/README.md
[ "$(curl -s -o /dev/null -w '%{http_code}' -F file=@README.md http://127.0.0.1:8001/store/)" = 401 ]"""),
    "Without the packages again": Chapter(after="""await gone -x 'cdnfs|mount.cdnfs|cdn-dist|cdn-node'
fails ls /usr/bin/cdnfs /usr/sbin/cdn-dist /etc/cdn /etc/cdnfs.conf /var/cache/cdnfs
umount /run
rm /usr/local/sbin/systemctl
hash -r"""),
    "From source": Chapter(after="""for name in cdnfs cdnctl cdn-dist cdn-node; do [ -x "/usr/local/bin/$name" ]; done
[ "$(readlink -f /sbin/mount.cdnfs)" = /usr/local/bin/cdnfs ]
[ -z "$(find /tmp/cdnfs-package ! -type d)" ]"""),
    "First servers": Chapter(after="""await up node1
[ "$(stat -c %U /var/lib/cdn-dist/cdn.db)" = cdn-dist ]
[ "$(stat -c %U /var/lib/cdn-node/storage)" = cdn-node ]
[ "$(curl -s -o /dev/null -w '%{http_code}' -F file=@README.md http://127.0.0.1:8001/store/)" = 401 ]"""),
    "First mount": Chapter(after="""mounted /mnt/cdn
cmp /etc/hostname /mnt/cdn/hostname
status=0
mount -o remount,ro /mnt/cdn || status=$?
[ "$status" = 32 ]
[ "$(stat -c %a /mnt/cdn)" = 1777 ]"""),
    "As an ordinary user": Chapter(
        before="install -o nobody -m 600 /etc/cdn/token \"$USER_HOME/.cdn-token\"",
        user="nobody",
        after="""cmp /etc/hostname /mnt/cdn/mine
[ "$(stat -c %u /mnt/cdn/mine)" = 65534 ]
fails mounted "$USER_HOME/cdn\""""),
    "Who else may enter": Chapter(after="""as_nobody cdnfs -o "token_file=$USER_HOME/.cdn-token" http://127.0.0.1:8000 "$USER_HOME/cdn"
fails ls "$USER_HOME/cdn"
as_nobody fusermount3 -u "$USER_HOME/cdn"
as_nobody cdnfs -o "token_file=$USER_HOME/.cdn-token,allow_other" http://127.0.0.1:8000 "$USER_HOME/cdn"
ls "$USER_HOME/cdn"
# the next chapter's: one that died
pkill -9 -u 65534 -x cdnfs
await gone -u 65534 -x cdnfs
(ls "$USER_HOME/cdn" 2>&1 || true) | grep 'Transport endpoint is not connected'
as_nobody cdnfs -o "token_file=$USER_HOME/.cdn-token" http://127.0.0.1:8000 "$USER_HOME/cdn"
as_nobody fusermount3 -uz "$USER_HOME/cdn\""""),
    "A mount point that nobody fills by mistake": Chapter(after="""cmp /etc/hostname /mnt/cdn/hostname
umount /mnt/cdn
fails touch /mnt/cdn/by-mistake
mount /mnt/cdn
touch /mnt/cdn/on-purpose"""),
    "Remove": Chapter(after="""fails ls /usr/local/bin/cdnfs /usr/local/bin/cdnctl
fails ls /usr/local/bin/cdn-dist /usr/local/bin/cdn-node
[ ! -e /sbin/mount.cdnfs ] && [ ! -e /mnt/cdn ] && [ ! -e /etc/cdn ]
fails grep cdn /etc/passwd /etc/group /etc/fstab"""),
}

OPERATE_BEGIN = r"""
# what docs/install.md leaves, with three nodes and some files
[ -x build/bin/dist ] || make -j"$(nproc)"
make install > /dev/null
mkdir -p /etc/cdn /mnt/cdn
echo secret-of-the-test > /etc/cdn/token
chmod 644 /etc/cdn/token
echo 'token_file = /etc/cdn/token' > /etc/cdnfs.conf
for user in cdn-dist cdn-node; do
	useradd --system --home-dir "/var/lib/$user" --create-home --shell /usr/sbin/nologin "$user"
done
cat > /etc/cdn/nodes.yml <<'END'
nodes:
  dist:  {host: 127.0.0.1, port: 8000}
  node1: {host: 127.0.0.1, port: 8001}
  node2: {host: 127.0.0.1, port: 8002}
  node3: {host: 127.0.0.1, port: 8003}
END
"""

OPERATE = {
    "Servers": Chapter(
        before=OPERATE_BEGIN,
        after="""start_dist
start_node node1 8001 /var/lib/cdn-node/storage --max-storage=1G
for n in 2 3; do start_node "node$n" "800$n" "/var/lib/cdn-node/node$n" --max-storage=1G; done
await up node1 node2 node3
mount -t cdnfs http://127.0.0.1:8000 /mnt/cdn
fill /tmp/files
cp -a /tmp/files/. /mnt/cdn/
mkdir /mnt/cdn/photos
cp README.md /mnt/cdn/photos/a.jpg
cp -a /mnt/cdn/photos /tmp/files/
sync -f /mnt/cdn
for n in 1 2 3; do await stored "node$n"; done"""),
    "A node more": Chapter(after="""await up node1 node2 node3 node4
same /tmp/files /mnt/cdn
for i in $(seq 8); do head -c 9000 /dev/urandom | tee "/tmp/files/more $i" > "/mnt/cdn/more $i"; done
await stored node4"""),
    "Another machine or disk for a node": Chapter(after="""await up node1 node2 node3 node4
umount /mnt/cdn
await gone -x mount.cdnfs
mount -t cdnfs http://127.0.0.1:8000 /mnt/cdn
rm -r /var/lib/cdn-node/node2
same /tmp/files /mnt/cdn"""),
    "A node less": Chapter(
        before="find /mnt/cdn -printf '%i %m %U %P\\n' | sort > /tmp/before",
        after="""await up node1 node2 node4
find /mnt/cdn -printf '%i %m %U %P\\n' | sort | diff /tmp/before -
umount /mnt/cdn
await gone -x mount.cdnfs
mount -t cdnfs http://127.0.0.1:8000 /mnt/cdn
rm -r /var/lib/cdn-node/node3
same /tmp/files /mnt/cdn"""),
    # between database and nodes things change, as they do when nothing is stopped
    "Back-up": Chapter(after="""cp -a /mnt/cdn/. /tmp/saved/
echo newer > '/mnt/cdn/file 1'
rm '/mnt/cdn/file 2'
mv '/mnt/cdn/file 3' /mnt/cdn/moved
echo new > /mnt/cdn/new
# the old version of one, and one that was deleted
await trash_has 2
rsync -aX --delete /var/lib/cdn-node/storage/ /var/backups/cdn/node1/
rsync -aX --delete /var/lib/cdn-node/node2-new/ /var/backups/cdn/node2/
rsync -aX --delete /var/lib/cdn-node/node4/ /var/backups/cdn/node4/
rm '/mnt/cdn/file 4'""", before="mkdir /tmp/saved"),
    "Restore": Chapter(after="""await up node1 node2 node4
same /tmp/saved /mnt/cdn
# nothing of it lives in a trash that will be emptied
await in_service
umount /mnt/cdn
await gone -x mount.cdnfs
rm -f /var/lib/cdn-node/*/trash/*
mount -t cdnfs http://127.0.0.1:8000 /mnt/cdn
same /tmp/saved /mnt/cdn
echo again > /mnt/cdn/again
[ "$(cat /mnt/cdn/again)" = again ]"""),
    "PostgreSQL": Chapter(
        before="""umount /mnt/cdn
await gone -x mount.cdnfs
stop cdn-node
stop cdn-dist
rm -rf /var/lib/cdn-node/* /tmp/pg
DATABASE_URL=$(tests/pg.sh start /tmp/pg)
export DATABASE_URL
start_dist
start_node node1 8001 /var/lib/cdn-node/storage --max-storage=1G
await up node1
mount -t cdnfs http://127.0.0.1:8000 /mnt/cdn
cp -a /tmp/saved/. /mnt/cdn/
# what comes after the dump, done when the next command is
after_the_dump() {
	rm '/mnt/cdn/file 5'
	mv '/mnt/cdn/file 6' /mnt/cdn/moved
	echo new > /mnt/cdn/new
}
stop() { if [ "$1" = cdn-dist ]; then after_the_dump; fi; pkill -f "^$1"; while pgrep -f "^$1" > /dev/null; do sleep 0.1; done; }""",
        after="""await up node1
umount /mnt/cdn
await gone -x mount.cdnfs
mount -t cdnfs http://127.0.0.1:8000 /mnt/cdn
same /tmp/saved /mnt/cdn
echo again > /mnt/cdn/again
[ "$(cat /mnt/cdn/again)" = again ]"""),
    "TLS": Chapter(after="""openssl verify -CAfile ca.pem cdn.pem
cd - > /dev/null"""),
    "Public links": Chapter(
        before="[ \"$(curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:8000/content/33)\" = 200 ]",
        after="""curl -sf "$(cdnctl locate --expires=60 /photos/a.jpg)" -L -o /tmp/a.jpg
cmp /tmp/a.jpg README.md"""),
}

DOCUMENTS = {
    "README.md": (README_BEGIN, README),
    "docs/install.md": ("", INSTALL),
    "docs/operate.md": ("", OPERATE),
}
