#!/bin/bash
# make fuzz: builds each tests/fuzz/NAME.c with clang, libFuzzer and the address and undefined
# sanitizers, and runs it for FUZZ_SECONDS (10). T=name: only those with that in their names.
# The first line of a target names the objects it is linked with besides common: /* links: node/multipart */
# Seeds come from NAME.seeds, one a line (escapes as printf %b reads them); a finding is kept in build-fuzz/.
# As many go on at once as there are cores.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
seconds=${FUZZ_SECONDS:-10} out=build-fuzz
read -ra libraries <<< "libmicrohttpd gnutls libcurl libcjson libxxhash yaml-0.1 libpq sqlite3 fuse3"
read -ra packages <<< "$(pkg-config --cflags "${libraries[@]}")"
read -ra link <<< "-Wl,--as-needed $(pkg-config --libs "${libraries[@]}")"
flags=(-std=c17 -g -O1 -I. -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DFUSE_USE_VERSION=314 '-DVERSION="fuzz"'
	"${packages[@]}" -pthread -fsanitize=address -fsanitize=undefined -fno-sanitize-recover=all)
cores=$(nproc) failed=()
rm -f "$out"/*.failed

# COMMAND…: in the background, when a core is free
beside() {
	while [ "$(jobs -rp | wc -l)" -ge "$cores" ]; do
		wait -n
	done
	"$@" &
}

# NAME: what it is linked with, without .c
parts() {
	printf '%s\n' common/*.c "tests/fuzz/$1.c" | sed 's/\.c$//'
	sed -nE '1s,^/\* links: (.*) \*/$,\1,p' "tests/fuzz/$1.c" | tr ' ' '\n' | grep -vx common
}

# PART: instrumented; when that fails none is there, and linking says so
object() {
	local kind=fuzzer-no-link
	rm -f "$out/$1.o"
	mkdir -p "$out/$(dirname "$1")"
	case $1 in tests/*) kind=fuzzer ;; esac
	clang "${flags[@]}" -fsanitize="$kind" -c "$1.c" -o "$out/$1.o"
}

target() {
	local name=$1 objects corpus=$out/corpus/$1 n=0 line
	mapfile -t objects < <(parts "$name" | sed "s,.*,$out/&.o,")
	clang "${flags[@]}" -fsanitize=fuzzer "${objects[@]}" "${link[@]}" -o "$out/$name" || return 1
	mkdir -p "$corpus"
	if [ -f "tests/fuzz/$name.seeds" ]; then
		while IFS= read -r line; do
			n=$((n + 1))
			printf '%b' "$line" > "$corpus/seed$n"
		done < "tests/fuzz/$name.seeds"
	fi
	"$out/$name" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=1024 -max_len=8192 -verbosity=0 \
		-print_final_stats=1 -artifact_prefix="$out/$name-" "$corpus" > "$out/$name.log" 2>&1 || {
		tail -n 40 "$out/$name.log"
		return 1
	}
	echo "fuzz: $name: $(sed -nE 's/^stat::number_of_executed_units: *//p' "$out/$name.log") inputs, nothing found"
}

attempt() {
	target "$1" || touch "$out/$1.failed"
}

names=()
for source in tests/fuzz/*.c; do
	name=$(basename "$source" .c)
	case $name in *"${T:-}"*) names+=("$name") ;; esac
done
while IFS= read -r part; do
	beside object "$part"
done < <(for name in "${names[@]}"; do parts "$name"; done | sort -u)
wait
for name in "${names[@]}"; do
	beside attempt "$name"
done
wait
for name in "${names[@]}"; do
	[ ! -e "$out/$name.failed" ] || failed+=("$name")
done
if [ ${#failed[@]} -gt 0 ]; then
	echo "fuzz: failed: ${failed[*]}"
	exit 1
fi
