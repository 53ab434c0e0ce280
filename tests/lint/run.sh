#!/bin/bash
# make lint: layout, layers, sizes, compilers' second opinions. Runs everything, then fails if
# anything failed. CC, CDN_BIN and LINT_FLAGS come from the Makefile.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
failed=()
jobs=$(nproc)

check() {
	local name=$1
	shift
	echo "== $name"
	"$@" || failed+=("$name")
}

sources() { # sources: our .c files
	ls {common,node,dist,cdnfs}/*.c 2> /dev/null
}

tests() { # the tests' own C
	find tests -name '*.[ch]'
}

format() {
	{
		ls {common,node,dist,cdnfs}/*.[ch] 2> /dev/null
		tests
	} | xargs clang-format --dry-run -Werror
}

tidy_one() { # FILE: prints findings, nothing when there are none
	local out
	# shellcheck disable=SC2086  # LINT_FLAGS is a list of words
	out=$(clang-tidy --quiet "$1" -- $LINT_FLAGS 2> /dev/null) && return 0
	printf '%s\n' "$out"
	return 1
}
export -f tidy_one

tidy() {
	sources | xargs -P "$jobs" -I{} bash -c 'tidy_one {}'
}

cpp() {
	local include=()
	# shellcheck disable=SC2086  # LINT_FLAGS is a list of words
	for flag in $LINT_FLAGS; do
		case $flag in -D* | -I.) include+=("$flag") ;; esac
	done
	sources | tr '\n' '\0' | xargs -0 cppcheck -q -j "$jobs" --std=c11 --error-exitcode=1 --inline-suppr --inconclusive \
		--enable=warning,performance,portability --suppress=missingIncludeSystem \
		--include=tests/lint/cppcheck.h "${include[@]}"
}

scripts() {
	git ls-files -z -co --exclude-standard -- '*.sh' '*.bash' .ci/run | xargs -0 shellcheck -x
}

pythons() {
	git ls-files -z -co --exclude-standard -- '*.py' |
		xargs -0 /usr/bin/python3 -c 'import ast, sys; [ast.parse(open(f).read(), f) for f in sys.argv[1:]]'
}

check layers /usr/bin/python3 tests/lint/layers.py
check sizes /usr/bin/python3 tests/lint/sizes.py
check options /usr/bin/python3 tests/lint/options.py
check manual /usr/bin/python3 tests/lint/manual.py
check headers tests/lint/headers.sh
check format format
check shellcheck scripts
check python pythons
check cppcheck cpp
check clang-tidy tidy
if [ ${#failed[@]} -gt 0 ]; then
	echo "lint: failed: ${failed[*]}"
	exit 1
fi
echo "lint: clean"
