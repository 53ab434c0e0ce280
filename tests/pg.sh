#!/bin/bash
# A private PostgreSQL for tests: `pg.sh start DIR` prints its URL, `pg.sh stop DIR` ends it. DIR must exist or be creatable;
# data, log and socket lie in it; what was there is started again. PG_BIN=FOLDER (absolute) has the server's programs; otherwise
# the newest that is installed is taken. Runs as postgres when called by root, with the server's own defaults for fsync.
set -euo pipefail

verb=${1:-} dir=${2:-}
if [ -z "$verb" ] || [ -z "$dir" ]; then
	echo "usage: $0 start|stop DIR" >&2
	exit 2
fi
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)

# shellcheck disable=SC2012  # the folders are version numbers
bin=${PG_BIN:-$(dirname "$(command -v pg_ctl || ls -d /usr/lib/postgresql/*/bin/pg_ctl 2>/dev/null | sort -V | tail -1)")}
if [ ! -x "$bin/pg_ctl" ] && [ -n "${PG_BIN:-}" ]; then
	echo "pg.sh: PG_BIN=$PG_BIN has no pg_ctl" >&2
	exit 1
elif [ ! -x "$bin/pg_ctl" ]; then
	echo "pg.sh: no PostgreSQL server is installed (apt-get install postgresql)" >&2
	exit 1
fi

as_postgres() {
	if [ "$(id -u)" = 0 ]; then
		runuser -u postgres -- "$@"
	else
		"$@"
	fi
}

start() {
	local socket="$dir"
	if [ -f "$dir/socket" ]; then
		socket=$(cat "$dir/socket")
	elif [ ${#socket} -gt 80 ]; then # a socket's path may have 107 bytes
		socket=$(mktemp -d /tmp/pg.XXXXXX)
	fi
	mkdir -p "$socket"
	if [ "$(id -u)" = 0 ]; then
		chown postgres "$dir" "$socket"
	fi
	cd "$dir"
	if [ ! -d "$dir/data" ]; then
		as_postgres "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C --no-sync >"$dir/initdb.log"
	fi
	as_postgres "$bin/pg_ctl" -D "$dir/data" -w -t 30 -l "$dir/log" \
		-o "-k '$socket' -c listen_addresses='' -c port=5432 -c max_connections=100" start >"$dir/start.log"
	echo "$socket" >"$dir/socket"
	echo "postgresql:///postgres?host=$socket&user=postgres"
}

stop() {
	cd "$dir"
	if [ -d "$dir/data" ] && as_postgres "$bin/pg_ctl" -D "$dir/data" status >"$dir/stop.log"; then
		as_postgres "$bin/pg_ctl" -D "$dir/data" -w -m immediate stop >>"$dir/stop.log"
	fi
	if [ -f "$dir/socket" ] && [ "$(cat "$dir/socket")" != "$dir" ]; then
		rm -rf "$(cat "$dir/socket")"
	fi
}

case $verb in
start | stop) "$verb" ;;
*)
	echo "pg.sh: $verb: use start or stop" >&2
	exit 2
	;;
esac
