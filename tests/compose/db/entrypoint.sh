#!/bin/bash
# As the official image: as root it hands PGDATA to postgres and becomes that user; an empty PGDATA is set up with
# POSTGRES_USER, POSTGRES_PASSWORD and POSTGRES_DB, behind a socket only, and then served.
set -euo pipefail
if [ "$(id -u)" = 0 ]; then
	mkdir -p "$PGDATA"
	chmod 700 "$PGDATA"
	find "$PGDATA" /var/run/postgresql \! -user postgres -exec chown postgres {} +
	exec setpriv --reuid=postgres --regid=postgres --init-groups "$0"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
	initdb --username="$POSTGRES_USER" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") \
		--auth-local=trust --auth-host=scram-sha-256 -D "$PGDATA"
	echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
	pg_ctl -D "$PGDATA" -w -o "-c listen_addresses=''" start
	createdb -U "$POSTGRES_USER" -h /var/run/postgresql "$POSTGRES_DB"
	pg_ctl -D "$PGDATA" -w -m fast stop
fi
exec postgres -D "$PGDATA" -c listen_addresses='*'
