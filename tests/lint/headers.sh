#!/bin/bash
# Compiles each header by itself, twice included: it brings what it needs and is guarded.
# CC and LINT_FLAGS come from the Makefile.
set -euo pipefail
cd "$(dirname "$0")/../.."
read -ra flags <<< "${LINT_FLAGS:--I. -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64}"
bad=0
for header in {cdnfs,dist,node,common}/*.h; do
	[ -e "$header" ] || continue
	printf '#include "%s"\n#include "%s"\n' "$header" "$header" |
		"${CC:-gcc}" "${flags[@]}" -Wno-unused -fsyntax-only -x c - || {
		echo "$header: does not compile alone"
		bad=1
	}
done
[ $bad = 0 ] && echo "headers: each compiles alone"
exit $bad
