#!/bin/bash
# make down: unmounts, which first stores what is staged, and stops what make up started. The data stays.
set -euo pipefail
cd "$(dirname "$0")/.."
. local/lib.sh

# Processes with a file or their folder below $1, as "pid (name)" lines
users_of() {
	local link pid
	{ find /proc/[0-9]*/cwd /proc/[0-9]*/root /proc/[0-9]*/fd -maxdepth 1 \( -lname "$1" -o -lname "$1/*" \) 2> /dev/null || true; } |
	while IFS= read -r link; do
		pid=${link#/proc/}
		pid=${pid%%/*}
		echo "  $pid ($(cat "/proc/$pid/comm" 2> /dev/null))"
	done | sort -u
}

# NAME: SIGTERM, and waits: it may have bytes to store. Never SIGKILL.
stop() {
	local pid
	pid=$(pid_of "$1") || return 0
	kill -TERM "$pid" 2> /dev/null || true
	for i in $(seq 6000); do
		pid_of "$1" > /dev/null || break
		[ "$i" != 50 ] || say "down: waiting for $1 ($pid) to finish its work"
		sleep 0.1
	done
	if pid_of "$1" > /dev/null; then
		fail "down: $1 ($pid) has not ended in ten minutes. Its log is $VAR/$1.log"
	fi
	stopped="$stopped $1"
}

stopped=
pid=$(pid_of cdnfs || true)
if [ -n "$pid" ]; then
	[ "$(id -u)" = 0 ] || fail "down: unmounting $MNT needs root. Run  sudo make down"
	at=$(tr '\0' '\n' < "/proc/$pid/cmdline" | tail -n 1)
	if [ -n "$(mounted "$at")" ] && ! umount "$at" 2> "$VAR/umount.error"; then
		say "down: $at is in use, so nothing was stopped. It is used by" >&2
		users_of "$at" >&2
		cat "$VAR/umount.error" >&2
		exit 1
	fi
	rm -f "$VAR/umount.error"
	# it ends by itself when what was staged is stored
	for i in $(seq 6000); do
		pid_of cdnfs > /dev/null || break
		[ "$i" != 30 ] || say "down: storing what is staged"
		sleep 0.1
	done
	stop cdnfs
	case $stopped in *cdnfs*) ;; *) stopped="$stopped cdnfs" ;; esac
	say "unmounted $at"
elif [ "$(mounted "$MNT")" = fuse.cdnfs ] && ! stat "$MNT" > /dev/null 2>&1; then
	umount -l "$MNT"
	say "unmounted $MNT, whose cdnfs had died"
fi
for name in $NODE_NAMES dist; do
	stop "$name"
done
for name in cdnfs $NODE_NAMES dist; do
	[ ! -e "$VAR/$name.pid" ] || pid_of "$name" > /dev/null || rm -f "$VAR/$name.pid"
done
if [ -n "$stopped" ]; then
	say "stopped$stopped. The data is kept in $VAR; make up brings it back."
else
	say "nothing was running."
fi
