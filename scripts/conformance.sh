#!/usr/bin/env bash
# Installs the pinned official checks of MCP servers (scripts/conformance/) into a cache and prints the directory that
# holds `conformance` and `mcp-inspector`. Node and npm are those of scripts/clients.sh; package scripts are never run,
# hashes are in the lock file. A stamp with the hash of those files makes the second call cost nothing.
set -euo pipefail
clients=$("$(dirname "$0")/clients.sh")
cd "$(dirname "$0")/conformance"
root=${COROOM_CACHE:-$HOME/.cache/coroom}/conformance
key=$(cat package.json package-lock.json ../conformance.sh | sha256sum | cut -c1-16)
target=$root/$key
mkdir -p "$root"
exec 9>"$root/.lock"
flock 9
if [ ! -e "$target/.done" ]; then
  echo "conformance: installing the official MCP checks (about 150 MB) into $target …" >&2
  rm -rf "$target"
  mkdir -p "$target/bin"
  cp package.json package-lock.json "$target/"
  (cd "$target" && PATH=$clients:$PATH npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
  wrapper() {  # wrapper NAME SCRIPT: a command that runs SCRIPT with our own node
    printf '#!/bin/sh\nexec "%s/node" "%s" "$@"\n' "$clients" "$2" >"$target/bin/$1"
    chmod +x "$target/bin/$1"
  }
  modules=$target/node_modules/@modelcontextprotocol
  wrapper conformance "$modules/conformance/dist/index.js"
  wrapper mcp-inspector "$modules/inspector/clients/launcher/build/index.js"
  touch "$target/.done"
fi
echo "$target/bin"
