# What the shell tests count with: checks that are named, told and summed. Sourced; needs $work, a folder. $label is
# put before each name.
# shellcheck shell=bash disable=SC2154  # work is the caller's
passed=0 failed=0

until_true() { # SECONDS COMMAND…
	local end=$((SECONDS + $1))
	shift
	until "$@" > /dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.1
	done
}

check() { # NAME COMMAND…: counted
	local name=$1
	shift
	if "$@" > "$work/check.log" 2>&1; then
		passed=$((passed + 1))
		echo "ok      ${label:-}$name ($SECONDS s)"
	else
		failed=$((failed + 1))
		echo "FAILED  ${label:-}$name ($SECONDS s)"
		tail -n 20 "$work/check.log"
	fi
}

interrupted() { # for INT and TERM: counted, so that what was not reached does not pass
	failed=$((failed + 1))
	echo "FAILED  ${label:-}interrupted ($SECONDS s)"
	exit 1
}

need() { # NAME COMMAND…: counted, and nothing can go on without it
	check "$@"
	[ "$failed" = 0 ] || exit 1
}
