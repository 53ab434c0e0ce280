#!/bin/bash
# use.sh: inside a clean system, what a person does with the packages in /test, and what must be true then. The sums go
# to /test/sum. In place of systemd, which does not run here, is systemctl beside this file.
set -uo pipefail
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
cd /test || exit 1
work=/test # checks.sh writes there
names=(cdnfs cdn-dist cdn-node)
# shellcheck source=tests/checks.sh
. /test/checks.sh
trap 'echo "$passed passed, $failed failed" > /test/sum' EXIT
mkdir -p /run/systemd/system
# also for what packages do
echo "DPkg::Path \"$PATH\";" > /etc/apt/apt.conf.d/path

apt() {
	apt-get -q -y --no-install-recommends "$@" > /test/apt.log 2>&1
	local rc=$?
	cat /test/apt.log
	return $rc
}

fails() {
	if "$@"; then return 1; fi
}

alive() { # NAME: a process that has that name
	grep -lx "$1" /proc/[0-9]*/comm 2> /dev/null | grep .
}

mounted() {
	grep " $1 fuse.cdnfs " /proc/self/mounts
}

as_person() {
	setpriv --reuid=person --regid=person --clear-groups env -i HOME=/home/person PATH=/usr/bin "$@"
}

# Of the server $1: its process has its own user and no privileges
unprivileged() {
	local pid status
	pid=$(alive "$1" | cut -d/ -f3) && status=/proc/$pid/status && id -u "$1" || return 1
	grep -qE "^Uid:\s+$(id -u "$1")\s+$(id -u "$1")\s" "$status" && grep -qE '^CapBnd:\s+0+$' "$status" &&
		id -nG "$1" | grep -w cdn && [ "$(stat -c '%U %a' "/var/lib/$1")" = "$1 700" ]
}

placing() {
	cdnctl --json stats | grep '"status":"UP"'
}

started() { # exactly these of the two servers run
	local name
	for name in cdn-dist cdn-node; do
		case " $* " in
		*" $name "*) alive "$name" && systemctl is-active "$name" || return 1 ;;
		*) fails alive "$name" || return 1 ;;
		esac
	done
}

conffiles() {
	md5sum /etc/cdnfs.conf /etc/cdn/*.conf /etc/cdn/nodes.yml
}

contents() { # every file that the servers keep but for what they write by themselves, with owner and sum
	find /var/lib/cdn-dist /var/lib/cdn-node -type f ! -name '*-wal' ! -name '*-shm' ! -name cdn.db -printf '%u %m %p ' \
		-exec md5sum {} \; | sort
	[ -s /var/lib/cdn-dist/cdn.db ]
}

fill() {
	mkdir -p /test/want/sub/empty
	cp -r /usr/share/doc /usr/share/perl5 /test/want/ && head -c 70000000 /dev/urandom > /test/want/sub/big && ln -s sub/big /test/want/link
}

same() {
	diff -r --no-dereference /test/want /mnt/cdn/want
}

install_all() {
	fails ls /etc/cdn /etc/cdnfs.conf /usr/bin/cdnfs && apt install /test/*.deb && fails grep -i 'warning' /test/apt.log
}

first_start() {
	started cdn-dist && [ "$(systemctl is-enabled cdn-dist)" = enabled ] && [ "$(systemctl is-enabled cdn-node)" = disabled ]
}

complete() {
	local page name
	for page in man1/cdnctl.1 man5/cdnfs.conf.5 man5/nodes.yml.5 man8/cdnfs.8 man8/mount.cdnfs.8 man8/cdn-dist.8 man8/cdn-node.8; do
		[ -s "/usr/share/man/$page.gz" ] || return 1
	done
	for name in cdnctl cdnfs mount.cdnfs cdn-dist cdn-node; do
		[ -s "/usr/share/bash-completion/completions/$name" ] && "$name" --version || return 1
	done
	[ "$(dpkg-query -W -f '${Conffiles}\n' "${names[@]}" | grep -c /etc/)" = 4 ]
}

enable_node() {
	systemctl enable --now cdn-node && started cdn-dist cdn-node && until_true 60 placing
}

mount_plain() {
	mkdir -p /mnt/cdn && mount -t fuse cdnfs /mnt/cdn && mounted /mnt/cdn
}

away() { # umount, and its process has stored all and ended
	umount "$1" && fails mounted "$1" && until_true 60 fails alive cdnfs && until_true 60 fails alive mount.cdnfs
}

fill_mount() {
	cp -r /test/want /mnt/cdn/ && same && away /mnt/cdn && mount_plain && same && away /mnt/cdn
}

person() {
	useradd --create-home person && as_person mkdir /home/person/cdn && as_person cdnfs /home/person/cdn &&
		as_person cmp /home/person/cdn/want/sub/big /test/want/sub/big && as_person fusermount3 -u /home/person/cdn &&
		until_true 60 fails alive cdnfs && userdel -r person
}

# As docs/install.md says it
configure() {
	(umask 077 && od -An -tx1 -N32 /dev/urandom | tr -d ' \n' > /etc/cdn/token) && chgrp cdn /etc/cdn/token && chmod 640 /etc/cdn/token &&
		sed -i 's/^#token-file/token-file/' /etc/cdn/dist.conf /etc/cdn/node.conf &&
		sed -i 's/^#max-storage = .*/max-storage = 2G/' /etc/cdn/node.conf && sed -i 's/^#token_file/token_file/' /etc/cdnfs.conf &&
		systemctl restart cdn-dist cdn-node && until_true 60 placing && cdnctl --json stats | grep '"max_storage":2000000000' &&
		fails as_person env CDN_TOKEN=wrong cdnctl put /test/want/sub/big
}

mount_fstab() {
	echo 'http://127.0.0.1:8000 /mnt/cdn cdnfs _netdev,nofail,x-systemd.automount 0 0' >> /etc/fstab
	mount /mnt/cdn && mounted /mnt/cdn && same && cp /test/want/sub/big /mnt/cdn/more && cmp /test/want/sub/big /mnt/cdn/more
}

# Under a mount that is in use: the servers are new processes, the files and what was configured are the same
reinstall() {
	local before
	conffiles > /test/before && before=$(alive cdn-dist; alive cdn-node) || return 1
	apt install --reinstall /test/*.deb && conffiles | diff /test/before - || return 1
	started cdn-dist cdn-node && fails grep -Fx "$before" <(alive cdn-dist; alive cdn-node) && until_true 60 placing && same &&
		cp /test/want/sub/big /mnt/cdn/after && cmp /test/want/sub/big /mnt/cdn/after
}

remove() {
	away /mnt/cdn && apt remove "${names[@]}" && started && conffiles | diff /test/before - &&
		fails ls /usr/bin/cdnfs /usr/bin/cdnctl /usr/sbin/cdn-dist /usr/sbin/cdn-node /usr/sbin/mount.cdnfs
}

install_again() {
	apt install /test/*.deb && started cdn-dist cdn-node && conffiles | diff /test/before - && until_true 60 placing &&
		mount /mnt/cdn && same && away /mnt/cdn
}

# Asked for while the servers run
purge() {
	rm /etc/cdn/token && apt purge "${names[@]}" && started && contents > /test/after || return 1
	grep 'cdn-dist: /var/lib/cdn-dist is kept' /test/apt.log && grep 'cdn-node: /var/lib/cdn-node is kept' /test/apt.log
}

# All that is ours has that in its name, or one of our owners
nothing_else() {
	find / -xdev \( -path /test -o -path /var/lib/cdn-dist -o -path /var/lib/cdn-node -o -path /proc -o -path /mnt/cdn \) -prune -o \
		\( -name '*cdn*' -o -user cdn-dist -o -user cdn-node -o -group cdn \) -print > /test/left
	# what the stand-in for systemd wrote, the packages that apt keeps for a while, what other packages brought
	grep -vE '^/var/log/cdn-(dist|node)\.journal$|^/var/cache/apt/archives/' /test/left && return 1
	sed -i '/ cdnfs /d' /etc/fstab
	grep -rl cdn /etc /var/lib/systemd | grep -vE '^/etc/(passwd|group|shadow|gshadow|subuid|subgid)-?$' && return 1
	[ ! -e /var/cache/cdnfs ]
}

back_again() {
	apt install /test/*.deb && systemctl enable --now cdn-node && until_true 60 placing && mount_plain && same && away /mnt/cdn
}

# Without contents nothing is kept, and nothing is told
purge_empty() {
	systemctl stop cdn-node cdn-dist && rm -r /var/lib/cdn-dist/* /var/lib/cdn-node/* && apt purge "${names[@]}" &&
		fails grep 'is kept' /test/apt.log && fails ls /var/lib/cdn-dist /var/lib/cdn-node
}

need "apt installs them, with what they need" install_all
check "dist runs, and the node waits for a word" first_start
check "programs, pages, completions, configuration" complete
need "the node starts when it is enabled" enable_node
check "dist has no privileges" unprivileged cdn-dist
check "the node has no privileges" unprivileged cdn-node
need "mount -t fuse cdnfs" mount_plain
need "files to compare" fill
check "files go in and come out" fill_mount
check "an ordinary user mounts" person
need "a token and a size, as configured" configure
check "mount by fstab" mount_fstab
check "reinstalled while in use" reinstall
check "removed" remove
check "installed again, all is there" install_again
contents > /test/kept
check "purged" purge
check "purged: the contents are as they were" diff /test/kept /test/after
check "purged: nothing else is left" nothing_else
check "installed once more, on the contents" back_again
check "purged without contents" purge_empty
