#!/bin/bash
# make stress: stress-ng's file-system stressors on a mount of a CDN that is started for it. Each runs two processes for
# SECONDS_EACH seconds and verifies what it did; T=name runs that one only. Ends with "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/../.."
exec /usr/bin/python3 tests/stress/stress.py "${SECONDS_EACH:-1}" ${T:+"$T"}
