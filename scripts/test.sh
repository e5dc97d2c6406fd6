#!/usr/bin/env bash
# All set-up, every check and every test. What is installed beside .venv comes meanwhile, and style and types are looked
# at while the first tests run. Three tests at once on two cores, since many wait for programs that they have started;
# who is done takes over from who is not.
set -uo pipefail
cd "$(dirname "$0")/.."
scripts/ahead.sh &
scripts/setup.sh dev || exit
said=$(mktemp)
scripts/lint.sh >"$said" 2>&1 &
lint=$!
trap 'kill "$lint" 2>/dev/null; rm -f "$said"' EXIT
.venv/bin/pytest -n "${COROOM_TESTS_AT_ONCE:-3}" --dist worksteal "$@"
tests=$?
wait "$lint"
style=$?
cat "$said"
[ "$style" -eq 0 ] || echo "test: style, types or floors are wrong (see above)" >&2
exit $((tests ? tests : style))
