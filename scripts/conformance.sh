#!/usr/bin/env bash
# Installs the pinned official checks of MCP servers (scripts/conformance/) into a cache and prints the directory that
# holds `conformance` and `mcp-inspector`.
set -euo pipefail
wrapper() {  # wrapper NAME SCRIPT: a command that runs SCRIPT with our own node
  printf '#!/bin/sh\nexec "%s/node" "%s" "$@"\n' "$clients" "$2" >"$target/bin/$1"
  chmod +x "$target/bin/$1"
}
arrange() {
  modules=$target/node_modules/@modelcontextprotocol
  wrapper conformance "$modules/conformance/dist/index.js"
  wrapper mcp-inspector "$modules/inspector/clients/launcher/build/index.js"
}
. "$(dirname "$0")/npm_set.sh" conformance "the official MCP checks (about 150 MB)"
