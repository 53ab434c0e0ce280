#!/bin/bash
# make bench: the mount beside a plain directory on the same disk, and beside curl to a node. Starts a CDN of
# its own in $TMPDIR, leaves nothing. Fails when a node's memory grows past LIMIT_MB. docs/performance.md says
# what the figures mean.
# Environment: CDN_BIN (build/bin), TMPDIR (/var/tmp), SIZE_MB (1024), FILES (2000), REPS (3), BIG_MB (4096).
set -euo pipefail
export LC_ALL=C
HERE=$(cd "$(dirname "$0")" && pwd)
BIN=$(realpath "${CDN_BIN:-$HERE/../../build/bin}")
SIZE_MB=${SIZE_MB:-1024} FILES=${FILES:-2000} REPS=${REPS:-3} BIG_MB=${BIG_MB:-4096}
BYTES=4096   # of a small file
LIMIT_MB=64  # most memory a node may take
NODES="node1 node2 node3"
W='' MOUNT_PID=''
declare -A PORT PID VALUES

fail() {
	echo "bench: $*" >&2
	exit 1
}

mounted() {
	grep -qF " ${W// /\\040}/mnt " /proc/self/mountinfo
}

ended() { # PID: within ten seconds
	for _ in $(seq 1000); do
		kill -0 "$1" 2> /dev/null || return 0
		sleep 0.01
	done
	return 1
}

unmount() {
	for _ in $(seq 100); do
		mounted || break
		umount "$W/mnt" 2> /dev/null || fusermount3 -u "$W/mnt" 2> /dev/null || sleep 0.1
	done
	mounted && return 1
	[ -z "$MOUNT_PID" ] || ended "$MOUNT_PID" || return 1
	MOUNT_PID=
}

clean() {
	local status=$? name
	trap - EXIT
	trap '' INT TERM
	unmount || echo "bench: $W/mnt could not be unmounted; its folder is kept" >&2
	for name in $NODES dist; do
		[ -z "${PID[$name]:-}" ] || kill "${PID[$name]}" 2> /dev/null || true
	done
	for name in $NODES dist; do
		[ -z "${PID[$name]:-}" ] || ended "${PID[$name]}" || kill -KILL "${PID[$name]}" 2> /dev/null || true
	done
	if [ "$status" != 0 ] && [ "$status" -lt 128 ]; then
		tail -n 3 "$W"/*.log >&2 || true
	fi
	mounted || rm -rf --one-file-system "$W"
	exit "$status"
}

check() {
	local tool need free
	for tool in node dist cdnfs; do
		[ -x "$BIN/$tool" ] || fail "$BIN/$tool is not there. Run  make  first, or set CDN_BIN."
	done
	for tool in curl jq; do
		command -v "$tool" > /dev/null || fail "$tool is needed. Run  make deps"
	done
	[ -w /dev/fuse ] || fail "/dev/fuse is not there or not ours, so nothing can be mounted."
	# the mount's file, its staging, the directory's, curl's; then the big one alone
	need=$((SIZE_MB * 5 > BIG_MB + SIZE_MB ? SIZE_MB * 5 : BIG_MB + SIZE_MB))
	need=$((need + 512))
	free=$(($(stat -f -c '%a * %S' "$TMPDIR") >> 20))
	[ "$free" -ge "$need" ] ||
		fail "$need MiB are needed in $TMPDIR, and $free MiB are free. Set TMPDIR to a folder on a larger disk, or a smaller SIZE_MB and BIG_MB."
}

free_port() {
	local port
	while :; do
		port=$((15000 + RANDOM % 17000))
		(exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null || break
	done
	echo "$port"
}

start() { # NAME COMMAND…
	local name=$1
	shift
	setsid "$@" >> "$W/$name.log" 2>&1 < /dev/null &
	PID[$name]=$!
}

wait_for() { # WHAT COMMAND…
	local what=$1
	shift
	for _ in $(seq 1000); do
		"$@" 2> /dev/null && return 0
		sleep 0.02
	done
	fail "$what: not within 20 s"
}

all_up() {
	[ "$(curl -fs -m 2 "http://127.0.0.1:${PORT[dist]}/stats/" | jq '[.stats[] | select(.status == "UP")] | length')" = 3 ]
}

servers() {
	local name
	echo "nodes:" > "$W/nodes.yml"
	for name in dist $NODES; do
		PORT[$name]=$(free_port)
		echo "  $name: {host: 127.0.0.1, port: ${PORT[$name]}}" >> "$W/nodes.yml"
	done
	start dist "$BIN/dist" --listen="127.0.0.1:${PORT[dist]}" --database="sqlite://$W/cdn.db" --nodes="$W/nodes.yml"
	for name in $NODES; do
		mkdir "$W/$name"
		# what was deleted leaves the disk at once
		start "$name" "$BIN/node" --name="$name" --listen="127.0.0.1:${PORT[$name]}" --storage="$W/$name" \
			--nodes="$W/nodes.yml" --trash-ttl=0
	done
	wait_for "dist and its nodes" all_up
}

mount_it() {
	setsid "$BIN/cdnfs" -f -o "staging=$W/staging,stats=$W/stats" "http://127.0.0.1:${PORT[dist]}" "$W/mnt" \
		>> "$W/cdnfs.log" 2>&1 < /dev/null &
	MOUNT_PID=$!
	wait_for "the mount" mounted
}

# Nothing is cached: mounted again, and the machine's page cache dropped
cold() {
	unmount || fail "could not unmount"
	sync -f "$W"
	[ "$DROP" = no ] || echo 3 > /proc/sys/vm/drop_caches
	mount_it
	ls "$W/mnt" > /dev/null
}

# The mount's requests until now: "to dist, to nodes"
requests() {
	rm -f "$W/stats"
	kill -USR1 "$MOUNT_PID"
	wait_for "the mount's counters" test -e "$W/stats"
	awk '{ v[$1] = $2 } END { print v["requests_dist"], v["requests_node"] }' "$W/stats"
}

# KEY SECONDS: one more value of the row and column KEY
add() {
	VALUES[$1]+="$2 "
}

# KEY ARGUMENT…: what load says it took
load() {
	local key=$1 seconds
	shift
	seconds=$("$W/load" "$@")
	add "$key" "$seconds"
}

# KEY COMMAND…: the same for another program
timed() {
	local key=$1 t0=$EPOCHREALTIME
	shift
	"$@" > "$W/answer"
	add "$key" "$(awk -v a="$t0" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.6f", b - a }')"
}

# KEY COUNT COMMAND…: the command, and the mount's requests for each of COUNT
counted() {
	local key=$1 count=$2 before
	shift 2
	before=$(requests)
	"$@"
	VALUES[$key.requests]=$(awk -v n="$count" '{ a[NR] = $1; b[NR] = $2 }
		END { printf "%.4g + %.4g", (a[2] - a[1]) / n, (b[2] - b[1]) / n }' <<< "$before
$(requests)")
}

transfer() { # curl, as quiet as it goes
	curl -sS -f --fail-early "$@"
}

sequential() {
	local url=http://127.0.0.1:${PORT[node1]} id what
	mkdir "$W/mnt/seq"
	sync -f "$W"
	counted write 1 load write.mount write "$W/mnt/seq/file" "$SIZE_MB"
	sync -f "$W"
	load write.dir write "$W/plain/file" "$SIZE_MB"
	sync -f "$W"
	timed write.curl transfer -T "$W/plain/file" "$url/store?path=seq/curl&durable=0"
	id=$(jq .id "$W/answer")
	cold
	# one column after the other: some kernels soon drop pages that nobody uses
	for what in read_cold read_warm; do
		counted $what 1 load $what.mount read "$W/mnt/seq/file"
	done
	for what in read_cold read_warm; do
		load $what.dir read "$W/plain/file"
	done
	for what in read_cold read_warm; do
		timed $what.curl transfer -o /dev/null "$url/retrieve/$id"
	done
	rm -r "$W/mnt/seq" "$W/plain/file"
}

# curl's list of transfers, for one process that keeps its connection
upload_list() {
	for ((i = 0; i < FILES; i++)); do
		printf 'upload-file = "%s/plain/small/f%d"\nurl = "%s/store?path=small-curl/f%d&durable=0"\n' "$W" "$i" "$1" "$i"
	done
}

download_list() {
	jq -r --arg base "$1" '"url = \"\($base)/retrieve/\(.id)\"\noutput = \"/dev/null\""' "$W/answer"
}

small() {
	local url=http://127.0.0.1:${PORT[node1]} m=$W/mnt/small d=$W/plain/small what
	mkdir "$m" "$d" "$W/mnt/small-curl"
	sync -f "$W"
	counted create "$FILES" load create.mount create "$m" "$FILES" $BYTES
	load create.dir create "$d" "$FILES" $BYTES
	upload_list "$url" > "$W/list"
	sync -f "$W"
	timed create.curl transfer -K "$W/list"
	download_list "$url" > "$W/list"
	cold
	for what in small_cold small_warm; do
		counted $what "$FILES" load $what.mount read-all "$m" "$FILES"
	done
	for what in small_cold small_warm; do
		load $what.dir read-all "$d" "$FILES"
	done
	for what in small_cold small_warm; do
		timed $what.curl transfer -K "$W/list"
	done
	cold
	counted ls "$FILES" timed ls.mount ls -l "$m"
	timed ls.dir ls -l "$d"
	for what in rename unlink; do
		sync -f "$W"
		counted $what "$FILES" load $what.mount $what "$m" "$FILES"
		load $what.dir $what "$d" "$FILES"
	done
	rm -r "$m" "$d" "$W/mnt/small-curl"
}

# PEAK: the most memory that node1 took, in kB, when a large file went to it and came back
memory() {
	local url=http://127.0.0.1:${PORT[node1]} id
	truncate -s "${BIG_MB}M" "$W/plain/big" # takes no room on the disk
	id=$(transfer -T "$W/plain/big" "$url/store?path=big" | jq .id)
	transfer "$url/retrieve/$id" | cmp - "$W/plain/big"
	PEAK=$(awk '$1 == "VmHWM:" { print $2 }' "/proc/${PID[node1]}/status")
}

# KEY WHAT UNIT AMOUNT: a line of the table; AMOUNT of UNIT is what one round handles
row() {
	local key=$1 column
	printf '%s|%s|' "$2" "$3"
	for column in mount dir curl; do
		tr ' ' '\n' <<< "${VALUES[$key.$column]:-}" | sed '/^$/d' | sort -g |
			awk -v n="$4" '{ v[++k] = $1 } END {
				if (k) printf "%.4g", n / (k % 2 ? v[(k + 1) / 2] : (v[k / 2] + v[k / 2 + 1]) / 2) }'
		printf '|'
	done
	printf '%s\n' "${VALUES[$key.requests]:-}"
}

table() {
	local mb=$((SIZE_MB * 1048576 / 1000000))
	{
		row write "write $SIZE_MB MiB" MB/s $mb
		row read_cold "read it, cold" MB/s $mb
		row read_warm "read it, warm" MB/s $mb
		row create "create $FILES of 4 KiB" files/s "$FILES"
		row small_cold "read them, cold" files/s "$FILES"
		row small_warm "read them, warm" files/s "$FILES"
		row ls "ls -l of them, cold" files/s "$FILES"
		row rename "rename them" files/s "$FILES"
		row unlink "unlink them" files/s "$FILES"
	} | awk -F'|' '
		function ratio(a, b) { return a && b ? sprintf("%.2f", a / b) : "-" }
		function shown(x) { return x == "" ? "-" : sprintf(x < 10 ? "%.1f" : "%.0f", x) }
		BEGIN {
			line = "%-24s %-8s %9s %9s %6s %9s %6s   %s\n"
			printf line, "", "", "mount", "directory", "ratio", "curl", "ratio", "requests to dist + nodes"
		}
		{
			each = $2 == "MB/s" ? "in all" : "each"
			printf line, $1, $2, shown($3), shown($4), ratio($3, $4), shown($5), ratio($3, $5),
				$6 " " each
		}'
}

: "${TMPDIR:=/var/tmp}"
check
DROP=yes
[ -w /proc/sys/vm/drop_caches ] || DROP=no
W=$(mktemp -d "$TMPDIR/cdnfs-bench.XXXXXX")
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
mkdir "$W/mnt" "$W/plain" "$W/staging"
${CC:-cc} -std=c17 -D_GNU_SOURCE -O2 -o "$W/load" "$HERE/load.c"
read -r busy _ < /proc/loadavg
echo "$(nproc) cores, Linux $(uname -r), $(stat -f -c %T "$W"), load $busy at the start; ratio: mount / other, medians of $REPS"
[ $DROP = yes ] || echo "Not root: cold means mounted again, with a warm page cache on the servers."
# an environment for people's CDN is not for this one
for name in $(compgen -e | grep -E '^(CDN|DATABASE_URL|LISTEN|NODES$|NODE_NAME|POLL_MS|STORAGE|DIST_|TRASH_TTL|PROTECT_READS|TLS_|MAX_STORAGE|LOG_LEVEL)'); do
	export -n "${name?}"
done
servers
mount_it
for ((round = 0; round < REPS; round++)); do
	sequential
	small
done
table
memory
echo "A node took at most $((PEAK / 1024)) MiB of memory; $BIG_MB MiB went to it and came back. The limit is $LIMIT_MB MiB."
[ "$PEAK" -lt $((LIMIT_MB * 1024)) ] || fail "the node took more memory than the limit"
