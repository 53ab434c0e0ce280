# What the compose test needs of Docker: a private dockerd, images where no registry is, and all of it away
# again. Sourced by run.sh, which sets $work.
# shellcheck shell=bash disable=SC2034,SC2154  # shared with run.sh

# Starts a dockerd of our own in $work, or takes the one that runs. `private` is yes or no.
docker_start() {
	if docker info > /dev/null 2>&1; then
		private=no
		return 0
	fi
	private=yes
	export DOCKER_HOST=unix://$work/docker.sock
	if [ ! -e "$work/iptables" ]; then
		cat /proc/sys/net/ipv4/ip_forward > "$work/ip_forward"
		iptables-save > "$work/iptables"
		ip -o link > "$work/links"
	fi
	# a session of its own: ^C is not meant for it
	setsid dockerd -H "$DOCKER_HOST" --data-root "$work/docker" --exec-root "$work/exec" -p "$work/dockerd.pid" \
		>> "$work/dockerd.log" 2>&1 < /dev/null &
	dockerd=$!
	disown
	until_true 30 docker info || { tail -n 5 "$work/dockerd.log" >&2; return 1; }
}

docker_stop() {
	[ -n "${dockerd:-}" ] || return 0
	kill -TERM "$dockerd"
	until_true 60 gone "$dockerd" || kill -KILL "$dockerd"
	dockerd=
}

gone() {
	! kill -0 "$1" 2> /dev/null
}

# What dockerd leaves behind in the kernel, unless it was there before
docker_forget() {
	[ -e "$work/iptables" ] || return 0
	if ! grep -q '^:DOCKER ' "$work/iptables"; then
		iptables -P FORWARD ACCEPT
		iptables -F
		iptables -t nat -F
		iptables-save | awk '/^\*/ { t = substr($1, 2) } /^:DOCKER/ { print t, substr($1, 2) }' |
			while read -r table chain; do iptables -t "$table" -X "$chain"; done
		iptables-restore < "$work/iptables"
	fi
	grep -q ' docker0:' "$work/links" || ip link del docker0 2> /dev/null
	cat "$work/ip_forward" > /proc/sys/net/ipv4/ip_forward
}

# IMAGE: is here, or comes from a registry
have_image() {
	docker image inspect "$1" > /dev/null 2>&1 && return
	timeout 120 docker pull -q "$1" > /dev/null 2>&1 && made+=("$1")
}

# IMAGE: Debian's smallest system, from the mirror
make_base() {
	debootstrap --variant=minbase bookworm "$work/root" http://deb.debian.org/debian > "$work/debootstrap.log" 2>&1 || {
		tail -n 5 "$work/debootstrap.log" >&2
		return 1
	}
	rm -rf "$work/root/var/cache/apt/archives"/*.deb "$work/root/var/lib/apt/lists"/*
	tar -C "$work/root" -c . | docker import - "$1" > /dev/null
	rm -rf "$work/root"
	made+=("$1")
}

# IMAGE…: remembers what has these names now, and gives it back in the end
images_save() {
	local image
	for image; do
		was[$image]=$(docker image inspect -f '{{.Id}}' "$image" 2> /dev/null || true)
	done
}

images_restore() {
	local image
	for image in "${!was[@]}"; do
		docker rmi -f "$image" > /dev/null 2>&1
		[ -z "${was[$image]}" ] || docker tag "${was[$image]}" "$image"
	done
	[ ${#made[@]} = 0 ] || docker rmi -f "${made[@]}" > /dev/null 2>&1
}
declare -A was=()
made=()
