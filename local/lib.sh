# What up.sh and down.sh share: names, places, and who is ours. Sourced, never run.
# Environment: PORT_BASE (8000), MNT (/mnt/cdn), VAR (var), BUILD (build).
# shellcheck shell=bash disable=SC2034  # they are used where this is sourced

PORT_BASE=${PORT_BASE:-8000}
MNT=${MNT:-/mnt/cdn}
VAR=$(realpath -m "${VAR:-var}")
BIN=$(realpath -m "${BUILD:-build}/bin")
URL=http://127.0.0.1:$PORT_BASE
NODE_NAMES="node1 node2 node3"

say() {
	printf '%s\n' "$*"
}

fail() {
	printf '%s\n' "$*" >&2
	exit 1
}

# dist is at PORT_BASE, node N behind it
port_of() {
	case $1 in
	dist) echo "$PORT_BASE" ;;
	*) echo $((PORT_BASE + ${1#node})) ;;
	esac
}

# When process $1 started, in ticks since boot: with the pid it names a process for good.
started() {
	local stat
	stat=$(cat "/proc/$1/stat" 2> /dev/null) || return 1
	read -ra stat <<< "${stat##*) }"
	echo "${stat[19]}"
}

# The pid of our NAME when it runs, and nothing when the process of that number is another one.
pid_of() {
	local pid start exe
	read -r pid start exe 2> /dev/null < "$VAR/$1.pid" || return 1
	[ "$(started "$pid")" = "$start" ] || return 1
	# rebuilt since: the running one is "deleted"
	case $(readlink "/proc/$pid/exe") in
	"$exe" | "$exe (deleted)") echo "$pid" ;;
	*) return 1 ;;
	esac
}

# What is mounted at $1: "" for nothing, else its type. Reads the kernel's list, touches no file system
# (a dead mount would hang or fail).
mounted() {
	awk -v at="$1" '{ gsub(/\\040/, " ", $5) } $5 == at { for (i = 7; $i != "-"; i++); type = $(i + 1) } END { print type }' \
		/proc/self/mountinfo
}

# Who listens on TCP port $1: "" for nobody, else "pid (name)" or "another process".
listener() {
	local hex inode pid
	hex=$(printf ':%04X' "$1")
	inode=$(awk -v port="$hex" '$4 == "0A" && substr($2, length($2) - 4) == port { print $10; exit }' \
		/proc/net/tcp /proc/net/tcp6 2> /dev/null)
	[ -n "$inode" ] || return 0
	pid=$(find /proc/[0-9]*/fd -lname "socket:\[$inode\]" 2> /dev/null | head -n 1 | cut -d/ -f3)
	if [ -n "$pid" ]; then
		echo "process $pid ($(cat "/proc/$pid/comm" 2> /dev/null))"
	else
		echo "another process"
	fi
}
