#!/usr/bin/env bash
# Installs the pinned language servers that the tests ask beside those in .venv (scripts/servers/) into a cache and prints
# the directory that holds `tsc`.
set -euo pipefail
arrange() {
  # The program itself: its wrapper needs a node, which an isolation may not show.
  program=$(compgen -G "$target/node_modules/@typescript/typescript-linux-*/lib/tsc" | head -n 1)
  chmod +x "$program"
  ln -s "$program" "$target/bin/tsc"
}
. "$(dirname "$0")/npm_set.sh" servers "the language servers (about 30 MB)"
