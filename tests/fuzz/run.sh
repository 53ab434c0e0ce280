#!/bin/bash
# make fuzz: builds each tests/fuzz/NAME.c with clang, libFuzzer and the address and undefined
# sanitizers, and runs it for FUZZ_SECONDS (10). T=name: only those with that in their names.
# The first line of a target names the objects it is linked with besides common: /* links: node/multipart */
# Seeds come from NAME.seeds, one a line (escapes as printf %b reads them); a finding is kept in build-fuzz/.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
seconds=${FUZZ_SECONDS:-10} out=build-fuzz
read -ra libraries <<< "libmicrohttpd gnutls libcurl libcjson libxxhash yaml-0.1 libpq sqlite3 fuse3"
read -ra packages <<< "$(pkg-config --cflags "${libraries[@]}")"
read -ra link <<< "-Wl,--as-needed $(pkg-config --libs "${libraries[@]}")"
flags=(-std=c17 -g -O1 -I. -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DFUSE_USE_VERSION=314 '-DVERSION="fuzz"'
	"${packages[@]}" -pthread -fsanitize=address -fsanitize=undefined -fno-sanitize-recover=all)
compiled=" " failed=()

# SOURCE (without .c): an instrumented object, built once a run
object() {
	case $compiled in *" $1 "*) return 0 ;; esac
	mkdir -p "$out/$(dirname "$1")"
	clang "${flags[@]}" -fsanitize=fuzzer-no-link -c "$1.c" -o "$out/$1.o" || return 1
	compiled="$compiled$1 "
}

target() {
	local name=$1 source=tests/fuzz/$1.c objects=() corpus=$out/corpus/$1 part n=0 line
	for part in common/*.c $(sed -nE '1s,^/\* links: (.*) \*/$,\1,p' "$source"); do
		part=${part%.c}
		[ "$part" != common ] || continue
		object "$part" || return 1
		objects+=("$out/$part.o")
	done
	clang "${flags[@]}" -fsanitize=fuzzer "$source" "${objects[@]}" "${link[@]}" -o "$out/$name" || return 1
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

for source in tests/fuzz/*.c; do
	name=$(basename "$source" .c)
	case $name in *"${T:-}"*) ;; *) continue ;; esac
	[ -e "$source" ] || continue
	target "$name" || failed+=("$name")
done
if [ ${#failed[@]} -gt 0 ]; then
	echo "fuzz: failed: ${failed[*]}"
	exit 1
fi
