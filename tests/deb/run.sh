#!/bin/bash
# make test-deb: builds the Debian packages in a clean Debian 12 and a clean Debian 13, and in others of the same
# installs, uses, reinstalls, removes and purges them. As root. Both go on at once. RELEASES chooses; all of it is in a
# folder below TMPDIR (/var/tmp), which is removed at the end, but for the clean systems, which ROOTS (build/roots) keeps.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
RELEASES=${RELEASES:-bookworm trixie} ROOTS=$(realpath -m "${ROOTS:-build/roots}")
MIRROR=http://deb.debian.org/debian
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
[ "$(id -u)" = 0 ] || { echo "test-deb: mounts and debootstrap need root" >&2; echo "0 passed, 1 failed"; exit 1; }
top=$(mktemp -d "${TMPDIR:-/var/tmp}/cdn-deb.XXXXXX")
work=$top
chmod 755 "$top"
# shellcheck source=tests/checks.sh
. tests/checks.sh

# ROOT COMMAND…: in that system, with processes and mounts of its own, which all end with the command
inside() {
	# shellcheck disable=SC2016  # for the other shell
	unshare --mount --pid --fork --kill-child --propagation private "${alone[@]}" bash -c '
		mount -t proc proc "$1/proc" && mount -t tmpfs -o mode=755 run "$1/run" || exit
		[ -z "$2" ] || ip link set lo up
		cd / && exec env -i "PATH=$PATH" DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 chroot "$1" "${@:3}"' bash "$1" "${alone[*]}" "${@:2}"
}
alone=()

# RELEASE: a clean system of it, as a tar in ROOTS
have_root() {
	local tar=$ROOTS/$1.tar root=$top/new-$1
	[ ! -e "$tar" ] || return 0
	debootstrap --variant=minbase "$1" "$root" "$MIRROR" || return 1
	rm -f "$root"/var/cache/apt/archives/*.deb
	echo force-unsafe-io > "$root/etc/dpkg/dpkg.cfg.d/unsafe-io"
	mknod -m 666 "$root/dev/fuse" c 10 229 || return 1
	mkdir -p "$ROOTS"
	tar -C "$root" -c -f "$tar.$$" . && mv "$tar.$$" "$tar" && rm -rf "$root"
}

unpack() { # RELEASE ROOT
	mkdir "$2" && tar -C "$2" -x -f "$ROOTS/$1.tar" && cp -L /etc/resolv.conf "$2/etc/resolv.conf"
}

# As the packages' own build does it: as a user, with what debian/control says and lintian
prepare() {
	inside "$builder" apt-get update -q && inside "$builder" apt-get install -q -y --no-install-recommends build-essential lintian &&
		inside "$builder" sh -c 'cd /source && apt-get build-dep -q -y --no-install-recommends .' &&
		inside "$builder" useradd --create-home builder && inside "$builder" chown -R builder: /source
}

as_builder() {
	inside "$builder" setpriv --reuid=builder --regid=builder --clear-groups env HOME=/home/builder "$@"
}

without_warnings() {
	! grep -E '(^|: )warning: ' "$builder/home/builder/deb/upload/build.log" | grep -v 'forced in submake'
}

lint() {
	as_builder sh -c 'lintian /home/builder/deb/upload/*.changes' > "$work/lintian" 2>&1 && ! grep . "$work/lintian"
}

# What local/packages names, for those who develop there
packages_known() {
	local names
	mapfile -t names < <(awk '/^[^#]/ { print $1 }' local/packages | sort -u)
	inside "$builder" apt-get install -q -s --no-install-recommends "${names[@]}"
}

# RELEASE: all that is done with one, in a process of its own
release() {
	local builder user
	work=$top/$1 passed=0 failed=0 label="$1: "
	builder=$work/builder user=$work/user
	mkdir "$work"
	trap 'echo "$passed passed, $failed failed" > "$work/sum"' EXIT
	need "a clean system" have_root "$1"
	need "unpacked" unpack "$1" "$builder"
	mkdir "$builder/source"
	tar -C "$builder/source" -x -f "$top/source.tar"
	need "what building needs" prepare
	need "packages built" as_builder /source/local/deb.sh /home/builder/deb
	check "the compiler has nothing to say" without_warnings
	check "lintian has nothing to say" lint
	check "the packages for development are known here" packages_known
	need "another clean system" unpack "$1" "$user"
	mkdir "$user/test"
	cp "$builder"/home/builder/deb/*.deb tests/checks.sh tests/deb/use.sh "$user/test/"
	cp tests/deb/systemctl "$user/usr/local/sbin/"
	rm -rf "$builder"
	need "what the packages need is there" inside "$user" bash -c \
		'apt-get update -q && apt-get install -q -y -d --no-install-recommends /test/*.deb'
	# no ports but its own
	alone=(--net)
	inside "$user" env "label=$label" bash /test/use.sh
	read -r good _ bad _ < "$user/test/sum"
	passed=$((passed + good)) failed=$((failed + bad))
}

clean_up() {
	trap - EXIT INT TERM
	local sum good bad
	for pid in "${pids[@]}"; do
		[ -e "/proc/$pid" ] || continue
		# unshare, with which all in its system ends, and which lets no other signal end it
		read -ra children < "/proc/$pid/task/$pid/children"
		kill -TERM "$pid"
		kill -KILL "${children[@]}" 2> /dev/null
		wait "$pid"
	done
	for release in $RELEASES; do
		sum=$(cat "$top/$release/sum" 2> /dev/null) || sum="0 passed, 1 failed"
		read -r good _ bad _ <<< "$sum"
		passed=$((passed + good)) failed=$((failed + bad))
	done
	work=$top
	# the end of a system that was killed is not waited for by others
	check "nothing is left of it" until_true 60 nothing_left
	until_true 60 rm -rf --one-file-system "$top"
	echo "$passed passed, $failed failed"
	[ "$failed" = 0 ] && [ "$passed" != 0 ]
	exit
}

# No mount and no process of ours
nothing_left() {
	! grep "$top" /proc/self/mountinfo && ! find /proc/[0-9]*/root -maxdepth 0 -lname "$top/*" 2> /dev/null | grep .
}

pids=()
trap interrupted INT TERM
trap clean_up EXIT
need "packages of this machine" local/deps.sh deb
need "/dev/fuse" test -e /dev/fuse
{ git ls-files -z -co --exclude-standard | tar --null --ignore-failed-read -c -T - 2> /dev/null; } > "$top/source.tar"
for release in $RELEASES; do
	(release "$release") &
	pids+=($!)
done
wait "${pids[@]}"
