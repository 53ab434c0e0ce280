#!/bin/bash
# cdnfs for a bench of network file systems that is no part of this project: its lib.sh, in $PEERS_HOME,
# calls what is defined here. See "The bench" in tests/README.md.
# shellcheck disable=SC2034  # lib.sh reads it
NAME=cdnfs
# shellcheck source=/dev/null
. "${PEERS_HOME:?the folder of lib.sh}/lib.sh"
NODES="node1 node2 node3"

# The first call says where the programs are, later ones may come from another folder.
programs() {
	mkdir -p "$W"
	[ -e "$W/programs" ] || realpath "${CDN_BIN:-build/bin}" > "$W/programs"
	BIN=$(< "$W/programs")
	[ -x "$BIN/cdnfs" ] || {
		echo "cdnfs: $BIN/cdnfs is not there: run make, or set CDN_BIN" >&2
		return 1
	}
}

free_port() {
	local port
	while :; do
		port=$((15000 + RANDOM % 17000))
		port_open 127.0.0.1 "$port" || break
	done
	echo "$port"
}

healthy() {
	curl -fs -m 2 -o /dev/null "http://$1/health"
}

all_up() {
	[ "$(curl -fs -m 2 "http://$1/stats/" | jq "[.stats[] | select(.status == \"UP\")] | length")" = 3 ]
}

p_servers() {
	programs || return 1
	local name dist
	dist=127.0.0.1:$(free_port)
	echo "$dist" > "$W/dist"
	{
		echo "nodes:"
		echo "  dist: {host: 127.0.0.1, port: ${dist#*:}}"
		for name in $NODES; do
			echo "  $name: {host: 127.0.0.1, port: $(free_port)}"
		done
	} > "$W/nodes.yml"
	mkdir -p "$W/staging"
	start_bg server-dist "$BIN/dist" --listen="$dist" --database="sqlite://$W/cdn.db" --nodes="$W/nodes.yml"
	for name in $NODES; do
		mkdir -p "$W/$name"
		start_bg "server-$name" "$BIN/node" --name="$name" --storage="$W/$name" --nodes="$W/nodes.yml" \
			--listen="127.0.0.1:$(awk -F'[ :}]+' -v name="$name" '$2 == name { print $6 }' "$W/nodes.yml")"
	done
	wait_for 10 healthy "$dist" && wait_for 10 all_up "$dist"
}

p_mount() {
	programs || return 1
	start_bg client "$BIN/cdnfs" -f -o "staging=$W/staging" "http://$(< "$W/dist")" "$MNT"
}

# close answers when the bytes are on a node and registered
p_settle() {
	:
}

p_version() {
	programs || return 1
	"$BIN/cdnfs" --version
}

p_notes() {
	echo "dist (SQLite) and 3 nodes, 1 copy, default options; close stores synchronously, on disk within a second; fsync reaches the node's disk and the database's"
}

peer_main "$@"
