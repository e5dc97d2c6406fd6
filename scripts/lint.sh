#!/usr/bin/env bash
# Style, types and floors; needs .venv. What mypy worked out in another clone on this machine is taken over where this
# one has nothing yet (mypy compares by content), and kept for the next.
set -euo pipefail
cd "$(dirname "$0")/.."
kept=${COROOM_CACHE:-$HOME/.cache/coroom}/mypy
if [ ! -e .mypy_cache ] && [ -e "$kept" ]; then
  cp -r "$kept" .mypy_cache
fi
.venv/bin/ruff check src tests
.venv/bin/ruff format --check src tests
.venv/bin/mypy
.venv/bin/lint-imports
mkdir -p "$(dirname "$kept")"
exec 9>"$kept.lock"
if flock -n 9; then
  fresh=$kept.$$
  cp -r .mypy_cache "$fresh"
  rm -rf "$kept"
  mv "$fresh" "$kept"
fi
