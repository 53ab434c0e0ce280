#!/bin/bash
# make test-compose: brings docker-compose.yml up for real, stores files through a mount of the host, does to the
# containers what happens to containers, compares every byte, and leaves the machine as it was. As root. CDN_BIN: the
# programs of the host. All of it is in a folder below TMPDIR (/var/tmp), which is removed at the end.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
BIN=$(realpath "${CDN_BIN:-build/bin}")
work=$(mktemp -d "${TMPDIR:-/var/tmp}/cdn-compose.XXXXXX")
host=$work/host parent=$work/parent tree=$work/tree want=$work/want
project=cdntest$$ private=no
servers=(db dist node1 node2 node3)
compose=docker-compose nodes=3
# shellcheck source=tests/checks.sh
. tests/checks.sh
# shellcheck source=tests/compose/docker.sh
. tests/compose/docker.sh

clean_up() {
	trap - EXIT INT TERM
	local path
	for path in "$host" "$work/fresh" "$parent/cdn" "$parent"; do
		while grep -q " $path " /proc/self/mountinfo; do
			umount "$path" 2> /dev/null || umount -l "$path" || break
		done
	done
	if docker info > /dev/null 2>&1; then
		[ ! -d "$tree" ] || dc --profile mount down -v -t 5 --remove-orphans > /dev/null 2>&1
		[ "$private" = yes ] || images_restore
	fi
	docker_stop
	docker_forget
	awk -v at="$work/" 'index($5, at) == 1 { print $5 }' /proc/self/mountinfo | tac | while read -r path; do
		umount -l "$path"
	done
	check "nothing is left of it" nothing_left
	rm -rf "$work"
	echo "$passed passed, $failed failed"
	[ "$failed" = 0 ] && [ "$passed" != 0 ]
	exit
}

# No mount, no process, no network of ours
nothing_left() {
	! grep "$work" /proc/self/mountinfo || return 1
	! grep -lzF -f <(echo "$work") /proc/[0-9]*/cmdline 2> /dev/null || return 1
	[ "$private" = no ] || ! ip -o link | cut -d@ -f1 | grep -vFf <(cut -d@ -f1 "$work/links") | grep -E ': (br-|veth|docker)'
}

dc() {
	(cd "$tree" && "$compose" -p "$project" "$@")
}

container() { # SERVICE: the id of its container
	docker ps -aq -f "label=com.docker.compose.project=$project" -f "label=com.docker.compose.service=$1"
}

pid_of() {
	docker inspect -f '{{.State.Pid}}' "$(container "$1")"
}

healthy() { # SERVICE…
	local name
	for name; do
		[ "$(docker inspect -f '{{.State.Health.Status}}' "$(container "$name")")" = healthy ] || return 1
	done
}

placing() { # N: so many nodes are known to be up
	[ "$(curl -fs -m 5 "$url/stats/" | grep -o '"status":"UP"' | wc -l)" = "$1" ]
}

ready() {
	until_true 90 healthy "${servers[@]}" && until_true 30 placing "$nodes"
}

mount_at() { # PATH: as people mount it, but with the program's path, as mount(8) forgets PATH
	mkdir -p "$1" "$1.staging"
	CDN_URL=$url mount -t fuse "$BIN/cdnfs" "$1" -o "timeout=120,staging=$1.staging"
}

# The mount that was there all the time has every byte, and so has one that knows nothing yet
same() {
	local rc=0
	diff -r "$want" "$host/want" || return 1
	mount_at "$work/fresh" || return 1
	diff -r "$want" "$work/fresh/want" || rc=1
	umount "$work/fresh" || rc=1
	return $rc
}

# NAME COMMAND…: does that while a file is being stored; afterwards all is there, that file too
survives() {
	local name=$1 writer
	shift
	(until [ -e "$work/over" ]; do cp "$want/big/1" "$host/during" || exit 1; sleep 0.2; done) 2> "$work/writer.log" &
	writer=$!
	check "$name" "$@"
	check "$name: ready again" ready
	touch "$work/over"
	check "$name: the write went on" wait "$writer"
	rm -f "$work/over"
	check "$name: every byte" same
	check "$name: the file of that time" cmp "$want/big/1" "$host/during"
}

killed() { # SERVICE: its process dies, and it comes back by itself
	local pid
	pid=$(pid_of "$1")
	kill -KILL "$pid" && until_true 60 another "$1" "$pid"
}

another() {
	local now
	now=$(pid_of "$1")
	[ "$now" != "$2" ] && [ "$now" != 0 ]
}

kill_and_up() {
	dc kill "${servers[@]}" && dc up -d
}

down_and_up() {
	dc down && dc up -d
}

dockerd_again() {
	docker_stop && docker_start
}

# A change in the node's source: its image is a new one, dist's is not
build_again() {
	local before after dist
	before=$(docker image inspect -f '{{.Id}}' cdn-node-img)
	dist=$(docker image inspect -f '{{.Id}}' cdn-dist-img)
	sed -i 's/log_info("ready"/log_info("ready, and changed"/' "$tree/node/main.c"
	dc up -d --build || return 1
	after=$(docker image inspect -f '{{.Id}}' cdn-node-img)
	[ "$before" != "$after" ] && [ "$dist" = "$(docker image inspect -f '{{.Id}}' cdn-dist-img)" ] &&
		until_true 20 logged node1 'ready, and changed'
}

logged() {
	docker logs "$(container "$1")" 2>&1 | grep -q "$2"
}

free_base() { # a port with five free ones behind it
	local base port
	for base in $(shuf -i 2000-3000 -n 50); do
		base=$((base * 10))
		for port in $(seq $base $((base + 5))); do
			! (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null || continue 2
		done
		echo "$base"
		return
	done
}

# The tree as it stands, in a place of its own, with free ports
copy_tree() {
	local base n
	base=$(free_base)
	url=http://127.0.0.1:$base
	mkdir -p "$tree" "$parent/cdn"
	git ls-files -z -co --exclude-standard | tar --null --ignore-failed-read -c -T - 2> /dev/null | tar -x -C "$tree"
	for n in 0 1 2 3; do
		sed -i "s/port: 800$n/port: $((base + n))/" "$tree/dist/nodes.yml"
	done
	cat > "$tree/.env" <<-END
		POSTGRES_IMAGE=$db_image
		POSTGRES_PASSWORD=$password
		CDN_BIND=127.0.0.1
		DIST_PORT=$base
		NODE1_PORT=$((base + 1))
		NODE2_PORT=$((base + 2))
		NODE3_PORT=$((base + 3))
		DB_PORT=$((base + 5))
		MAX_STORAGE=200M
		MOUNT_PARENT=$parent
	END
	node4_port=$((base + 4)) db_port=$((base + 5))
}

# POSTGRES_IMAGE's default where a registry is, else Debian's PostgreSQL
make_images() {
	have_image debian:bookworm-slim || make_base debian:bookworm-slim || return 1
	if ! have_image "$db_image"; then
		db_image=cdn-test-db
		DOCKER_BUILDKIT=0 docker build -q -t "$db_image" tests/compose/db || return 1
		made+=("$db_image")
	fi
}

copy_in() {
	mkdir -p "$want/big"
	cp -rL /usr/include/linux "$want/" || return 1
	for n in 1 2 3; do
		head -c $((40000000 + n)) /dev/urandom > "$want/big/$n"
	done
	cp -r "$want" "$host/" && same
}

unprivileged() {
	local name status
	for name in dist node1 node2 node3; do
		status=/proc/$(pid_of "$name")/status
		grep -qE '^Uid:\s+10001\s+10001' "$status" && grep -qE '^CapEff:\s+0+$' "$status" || return 1
	done
}

secret_kept() {
	! dc logs --no-color 2>&1 | grep -F "$password" || return 1
	! grep -lzF -f <(echo "$password") /proc/[0-9]*/cmdline
}

# This machine reaches the database, and the nodes' containers do not
database_kept() {
	local at
	at=$(docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}' "$(container db)")
	(exec 3<> "/dev/tcp/127.0.0.1/$db_port") || return 1
	for address in $at; do
		! timeout 2 nsenter -t "$(pid_of node1)" -n bash -c "exec 3<> /dev/tcp/$address/5432" || return 1
	done
}

# Outside gets the public address, whatever the containers call one another
public_address() {
	CDN_PUBLIC_HOST=localhost dc up -d || return 1
	until_true 60 healthy dist || return 1
	until_true 30 placing 3 && curl -fs "$url/store/" | grep "http://localhost:" && dc up -d && ready
}

mount_profile() {
	mount --bind "$parent" "$parent" && mount --make-shared "$parent" || return 1
	dc --profile mount up -d && until_true 30 test -d "$parent/cdn/want" && diff -r "$want" "$parent/cdn/want"
}

# The kernel still knows folders of the dead mount for a second
mount_killed() {
	killed mount && until_true 30 ls "$parent/cdn/want" && diff -r "$want" "$parent/cdn/want"
}

mount_stopped() {
	dc --profile mount stop mount && ! grep " $parent/cdn " /proc/self/mountinfo &&
		[ "$(docker inspect -f '{{.State.ExitCode}}' "$(container mount)")" = 0 ]
}

# As docs/compose.md says it, but for the port
node_more() {
	local image
	nodes=4
	image=$(docker image inspect -f '{{.Id}}' cdn-node-img)
	grep -oE 'node4: \{host.*\}\}' docs/compose.md | sed "s/8004/$node4_port/; s/^/  /" >> "$tree/dist/nodes.yml"
	# shellcheck disable=SC2016  # the ticks are the document's
	sed -n '/^```yaml/,/^```/{/^```/!p}' docs/compose.md | sed "s/\"8004:/\"127.0.0.1:$node4_port:/" \
		> "$tree/docker-compose.override.yml"
	dc up -d && dc restart dist && until_true 60 placing "$nodes" || return 1
	[ "$image" = "$(docker image inspect -f '{{.Id}}' cdn-node-img)" ] || return 1
	cp "$want/big/2" "$work/photo" &&
		curl -fs -F "file=@$work/photo" "http://127.0.0.1:$node4_port/store/" && cmp "$work/photo" "$host/photo"
}

# Debian 13's Compose v2, which is one program
get_v2() {
	local at
	at=http://deb.debian.org/debian/pool/main/d/docker-compose/docker-compose_2.26.1-4_$(dpkg --print-architecture).deb
	curl -fsS -m 120 -o "$work/v2.deb" "$at" && dpkg-deb -x "$work/v2.deb" "$work/v2" &&
		"$work/v2/usr/libexec/docker/cli-plugins/docker-compose" version
}

with_v2() {
	dc down || return 1
	compose=$work/v2/usr/libexec/docker/cli-plugins/docker-compose
	dc config -q && dc up -d
}

trap interrupted INT TERM
trap clean_up EXIT
[ "$(id -u)" = 0 ] || { echo "test-compose: mounts and dockerd need root" >&2; failed=1; exit 1; }
password=secret-$RANDOM$RANDOM db_image=postgres:17-alpine
need "packages" local/deps.sh compose
need "dockerd" docker_start
images_save cdn-dist-img cdn-node-img cdn-mount-img
need "base images" make_images
copy_tree
check "configuration, with the specification's PostgreSQL" env POSTGRES_IMAGE=postgres:14.1-alpine bash -c "cd '$tree' && docker-compose config -q"
need "build" env COMPOSE_PROFILES=mount bash -c "cd '$tree' && docker-compose -p $project build"
docker images --format '        {{.Repository}} {{.Size}}' | grep 'cdn-.*-img'
start=$(date +%s%N)
need "up" dc up -d
need "ready" ready
echo "        from up to ready: $((($(date +%s%N) - start) / 1000000)) ms"
check "the servers are nobody in particular" unprivileged
check "the database is reached by this machine and not by nodes" database_kept
mkdir -p "$work/scenario"
check "the specification's scenario" "$BIN/cdnctl" --url "$url" scenario --folder="$work/scenario"
need "mount of the host" mount_at "$host"
need "real files, copied in" copy_in
check "the specification's scenario, through the mount" "$BIN/cdnctl" --url "$url" scenario --folder="$work/scenario" --mount="$host"
check "public address" public_address
survives "restart" dc restart
for name in "${servers[@]}"; do
	check "$name killed" killed "$name"
	check "$name killed: every byte" same
done
survives "kill, up" kill_and_up
survives "down, up" down_and_up
if [ "$private" = yes ]; then
	survives "dockerd stopped and started" dockerd_again
fi
survives "up --build after a change" build_again
check "mount in a container" mount_profile
check "mount in a container, killed" mount_killed
check "mount in a container, stopped" mount_stopped
check "a node more" node_more
check "the password is in no log and no command line" secret_kept
if get_v2 > "$work/v2.log" 2>&1; then
	survives "Compose v2" with_v2
	check "Compose v2: the password is in no log" secret_kept
else
	failed=$((failed + 1))
	echo "FAILED  Compose v2 cannot be had: $(tail -n 1 "$work/v2.log")"
fi
check "umount" umount "$host"
