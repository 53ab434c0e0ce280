#!/bin/bash
# make test: builds, then runs the unit, API and mount tests and ends with "N passed, N failed".
# Environment: SAN, CC, BUILD as for make; T=name runs only tests with that in their names;
# PG_BIN=folder has another PostgreSQL server's programs; SUITES="unit api mount docs" chooses; PYTEST_ARGS goes to pytest as it is;
# AGAIN=n: up to n failed tests are run once more, alone; that they were is said.
# UNIT_SECONDS=n, PYTEST_SECONDS=n: a unit test program, a pytest run that takes longer counts as hanging.
# WORKERS=n runs the files of pytest's tests in n processes (two for each core: most of a test's time is waiting).
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
cores=$(nproc)
WORKERS=${WORKERS:-$((cores < 4 ? 2 * cores : 8))}
# those of the documents build programs, and take longest: first
T=${T:-} SAN=${SAN:-} SUITES=${SUITES:-unit docs api mount}
BUILD=${BUILD:-build${SAN:+-${SAN//,/-}}}
export T
passed=0 failed=0

export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:strict_string_checks=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1:halt_on_error=1}
export TSAN_OPTIONS=${TSAN_OPTIONS:-halt_on_error=1:second_deadlock_stack=1}

add() { # PASSED FAILED
	passed=$((passed + $1)) failed=$((failed + $2))
}

# FILE PATTERN: the sum of the numbers that PATTERN's group catches
sum() {
	sed -nE "s/$2/\1/p" "$1" | awk '{n += $1} END {print n + 0}'
}

# thread sanitizer's shadow memory does not fit beside the kernel's random addresses
run=()
case $SAN in *thread*) run=(setarch "$(uname -m)" -R) ;; esac

unit() {
	local log binary source good bad rc
	log=$(mktemp)
	while IFS= read -r source; do
		binary=$BUILD/unit/${source#tests/unit/}
		binary=${binary%.c}
		if [ -n "$T" ] && ! grep -q "$T" "$source"; then
			continue
		fi
		timeout "${UNIT_SECONDS:-400}" "${run[@]}" "$binary" > "$log" 2>&1
		rc=$?
		good=$(sum "$log" '^\[ +PASSED +\] ([0-9]+) test.*')
		bad=$(sum "$log" '^\[ +FAILED +\].* ([0-9]+) test.*')
		# a crash, a time-out or a sanitizer's finding outside of a test
		if [ "$rc" != 0 ] && [ "$bad" = 0 ]; then
			bad=1
			echo "$binary: exit status $rc" >> "$log"
		fi
		if [ "$bad" != 0 ]; then
			echo "== $binary"
			cat "$log"
		else
			echo "$binary: $good passed"
		fi
		add "$good" "$bad"
	done < <(find tests/unit -name '*_test.c' | sort)
	rm -f "$log"
}

# WORKERS LOG ARGUMENT…: one pytest run; which tests failed is kept beside the log
pytest_run() {
	local workers=$1 log=$2
	shift 2
	CDN_BIN=$(realpath "$BUILD/bin") SAN=$SAN timeout "${PYTEST_SECONDS:-2400}" "${run[@]}" \
		/usr/bin/python3 -m pytest -q -rfEs --tb=short -o cache_dir="$log.failed" \
		--junitxml="$log.xml" --timeout=300 -n "$workers" --dist loadfile "$@" 2>&1 | tee "$log"
	return "${PIPESTATUS[0]}"
}

# LOG ARGUMENT…: what failed in that run once more, one by one with nothing beside. True when all passes now.
again() {
	local ids
	ids=$(sed -nE 's/^(FAILED|ERROR) (.*)$/  \2/p' "$1")
	echo "== again, alone:"
	pytest_run 1 "$@" --last-failed --last-failed-no-failures none || return
	printf '== UNSTEADY, failed beside others and passed alone:\n%s\n' "$ids"
}

# FOLDER…: pytest over them
pytests() {
	local log rc good bad extra
	log=$(mktemp)
	# words, with quotes as the shell reads them
	mapfile -t extra < <(printf '%s' "${PYTEST_ARGS:-}" | xargs -r printf '%s\n')
	pytest_run "$WORKERS" "$log" ${T:+-k "$T"} "${extra[@]}" "$@"
	rc=$?
	read -r good bad < <(tests/totals.py "$log.xml")
	# 5: nothing was collected, which T may cause; 1 without a count, and the others: a run that broke
	case $rc in 0 | 5) ;; *) [ "$bad" != 0 ] || bad=1 ;; esac
	if [ "$rc" = 1 ] && [ "$bad" -le "${AGAIN:-0}" ] && again "$log" ${T:+-k "$T"} "${extra[@]}" "$@"; then
		good=$((good + bad))
		bad=0
	fi
	rm -rf "$log" "$log.failed" "$log.xml"
	add "$good" "$bad"
}

make --no-print-directory -j"${JOBS:-$(nproc)}" BUILD="$BUILD" SAN="$SAN" ${CC:+CC="$CC"} all unit || {
	echo "0 passed, 1 failed"
	exit 1
}
folders=()
for suite in $SUITES; do
	case $suite in
	unit) unit ;;
	*) [ -d "tests/$suite" ] && folders+=("tests/$suite") ;;
	esac
done
[ ${#folders[@]} -eq 0 ] || pytests "${folders[@]}"

echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
