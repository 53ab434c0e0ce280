#!/bin/bash
# deps.sh [GROUPS]: installs the packages of local/packages that are missing: build, test and deb, or those of GROUPS only.
# Asks the network for nothing when nothing is missing.
set -euo pipefail
cd "$(dirname "$0")/.."
groups=${1:-build test deb}

installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

if ! command -v dpkg-query > /dev/null; then
	echo "deps: this is no Debian. Install what local/packages lists in your system's way." >&2
	exit 0
fi
missing=()
while read -r name for _; do
	case $name in '' | '#'*) continue ;; esac
	[[ " $groups " = *" $for "* ]] || continue
	installed "$name" || missing+=("$name")
done < local/packages
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" != 0 ]; then
	echo "deps: not root, so these cannot be installed: ${missing[*]}" >&2
	echo "deps: run  sudo make deps" >&2
	exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
echo "deps: installing ${missing[*]}"
apt-get install -q -y --no-install-recommends "${missing[@]}"
