#!/bin/bash
# make up: dist, three nodes and the mount on this machine. What runs already is left alone, what is
# missing is started. See README.md beside this file.
set -euo pipefail
cd "$(dirname "$0")/.."
. local/lib.sh

# NAME COMMAND…: starts it in the background, with a log and a pid file that names it for good
start() {
	local name=$1
	shift
	# setsid: ^C in this terminal is not meant for it
	setsid "$@" >> "$VAR/$name.log" 2>&1 < /dev/null &
	local pid=$!
	disown "$pid"
	# until setsid became the program
	for _ in $(seq 100); do
		[ "$(readlink "/proc/$pid/exe" 2> /dev/null)" = "$1" ] && break
		kill -0 "$pid" 2> /dev/null || break
		sleep 0.02
	done
	printf '%s %s %s\n' "$pid" "$(started "$pid")" "$1" > "$VAR/$name.pid"
}

# NAME: waits until it answers, or fails with the end of its log
wait_healthy() {
	local port
	port=$(port_of "$1")
	for _ in $(seq 200); do
		curl -fs -m 2 -o /dev/null "http://127.0.0.1:$port/health" && return 0
		pid_of "$1" > /dev/null || break
		sleep 0.05
	done
	tail -n 5 "$VAR/$1.log" >&2
	fail "up: $1 does not answer on port $port. Its log is $VAR/$1.log"
}

# Until dist has heard of every node, so that what comes next finds room. One that stays away is said, no more: the
# others do its work.
wait_placing() {
	local n
	for _ in $(seq 100); do
		n=$(curl -s -m 2 "$URL/stats/" | grep -o '"status":"UP"' | wc -l || true)
		[ "$n" -ge "$(echo "$NODE_NAMES" | wc -w)" ] && return 0
		sleep 0.05
	done
	say "up: dist does not see every node yet; curl $URL/stats/ tells which."
}

# The port of NAME is free, or a stranger has it
need_port() {
	local port who
	port=$(port_of "$1")
	who=$(listener "$port")
	[ -z "$who" ] || fail "up: port $port, which $1 needs, is taken by $who. Stop that, or use others: make up PORT_BASE=$((PORT_BASE + 100))"
}

# A quarter of what the disk can give us: its free room and what the nodes hold already, so that the next
# `up` comes to the same figure.
quarter() {
	local free held
	free=$(($(stat -f -c '%a * %S' "$VAR")))
	held=$(du -s -c -B1 "$VAR"/node*/ 2> /dev/null | awk 'END { print $1 + 0 }')
	echo $(((free + held) / 4))
}

write_nodes() {
	local name
	{
		echo "# written by make up"
		echo "nodes:"
		for name in dist $NODE_NAMES; do
			echo "  $name: {host: 127.0.0.1, port: $(port_of "$name")}"
		done
	} > "$VAR/nodes.yml.new"
	mv "$VAR/nodes.yml.new" "$VAR/nodes.yml"
}

check() {
	[ "$(id -u)" = 0 ] || fail "up: mounting $MNT needs root. Run  sudo make up"
	local name
	for name in dist node cdnfs cdnctl; do
		[ -x "$BIN/$name" ] || fail "up: $BIN/$name is not built. Run  make"
	done
	if [ ! -e /dev/fuse ]; then
		modprobe fuse 2> /dev/null || true
		[ -e /dev/fuse ] || fail "up: this kernel has no /dev/fuse, so nothing can be mounted. In a container, start it with  --device /dev/fuse --cap-add SYS_ADMIN"
	fi
	for name in dist $NODE_NAMES; do
		pid_of "$name" > /dev/null || need_port "$name"
	done
	if ! pid_of cdnfs > /dev/null; then
		case $(mounted "$MNT") in
		'') ;;
		fuse.cdnfs | fuse.cdn*)
			# ours died without letting go; a stranger's works
			if stat "$MNT" > /dev/null 2>&1; then
				fail "up: another cdnfs is mounted at $MNT. Unmount it, or choose a place: make up MNT=/mnt/other"
			fi
			umount -l "$MNT"
			;;
		*) fail "up: something else ($(mounted "$MNT")) is mounted at $MNT. Choose another place: make up MNT=/mnt/other" ;;
		esac
		mkdir -p "$MNT"
		[ -z "$(ls -A "$MNT")" ] || fail "up: $MNT is not empty, and mounting would hide what is in it. Choose another place: make up MNT=/mnt/other"
	fi
}

mount_it() {
	mkdir -p "$VAR/cdnfs"
	start cdnfs "$BIN/cdnfs" -f -o "staging=$VAR/cdnfs" "$URL" "$MNT"
	for _ in $(seq 200); do
		[ -n "$(mounted "$MNT")" ] && return 0
		pid_of cdnfs > /dev/null || break
		sleep 0.05
	done
	tail -n 5 "$VAR/cdnfs.log" >&2
	fail "up: $MNT could not be mounted. The log is $VAR/cdnfs.log"
}

state() { # NAME: "runs" or "started"
	case " $fresh " in *" $1 "*) echo started ;; *) echo "ran already" ;; esac
}

table() {
	local name
	printf '\n%-8s %-24s %-8s %-12s %s\n' WHAT WHERE PID "" LOG
	for name in dist $NODE_NAMES; do
		printf '%-8s %-24s %-8s %-12s %s\n' "$name" "http://127.0.0.1:$(port_of "$name")" "$(pid_of "$name")" \
			"$(state "$name")" "$VAR/$name.log"
	done
	printf '%-8s %-24s %-8s %-12s %s\n' cdnfs "$MNT" "$(pid_of cdnfs)" "$(state cdnfs)" "$VAR/cdnfs.log"
	cat <<-END

		Try:
		  cp -r /usr/include $MNT/ && diff -r --no-dereference /usr/include $MNT/include
		  curl $URL/stats/
		  curl -F file=@README.md \$(curl -s $URL/store/ | jq -r .uri); ls -l $MNT
		  ${BIN#"$PWD"/}/cdnctl${PORT_NOTE:+ --url $URL} scenario --folder=${VAR#"$PWD"/}
		  make down
	END
}

check
mkdir -p "$VAR/dist"
write_nodes
fresh=
[ "$PORT_BASE" = 8000 ] || PORT_NOTE=1
if ! pid_of dist > /dev/null; then
	start dist "$BIN/dist" --listen="127.0.0.1:$PORT_BASE" --database="sqlite://$VAR/dist/cdn.db" \
		--nodes="$VAR/nodes.yml"
	fresh="$fresh dist"
fi
most=${MAX_STORAGE:-$(quarter)}
for name in $NODE_NAMES; do
	pid_of "$name" > /dev/null && continue
	mkdir -p "$VAR/$name"
	start "$name" "$BIN/node" --name="$name" --listen="127.0.0.1:$(port_of "$name")" \
		--storage="$VAR/$name" --max-storage="$most" --nodes="$VAR/nodes.yml"
	fresh="$fresh $name"
done
for name in dist $NODE_NAMES; do
	wait_healthy "$name"
done
wait_placing
if ! pid_of cdnfs > /dev/null; then
	mount_it
	fresh="$fresh cdnfs"
fi
table
if [ -n "${MAX_STORAGE:-}" ] && [ "$(echo "$fresh" | grep -c node)" = 0 ]; then
	say "The nodes ran already and keep the size they had; make down, then make up gives them $MAX_STORAGE."
fi
