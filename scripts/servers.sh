#!/usr/bin/env bash
# Installs the pinned language servers that the tests ask beside those in .venv (scripts/servers/) into a cache and prints
# the directory that holds `tsc`. npm is that of scripts/clients.sh; package scripts are never run, hashes are in the
# lock file. A stamp with the hash of those files makes the second call cost nothing.
set -euo pipefail
clients=$("$(dirname "$0")/clients.sh")
cd "$(dirname "$0")/servers"
root=${COROOM_CACHE:-$HOME/.cache/coroom}/servers
key=$(cat package.json package-lock.json ../servers.sh | sha256sum | cut -c1-16)
target=$root/$key
mkdir -p "$root"
exec 9>"$root/.lock"
flock 9
if [ ! -e "$target/.done" ]; then
  echo "servers: installing the language servers (about 30 MB) into $target …" >&2
  rm -rf "$target"
  mkdir -p "$target/bin"
  cp package.json package-lock.json "$target/"
  (cd "$target" && PATH=$clients:$PATH npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
  # The program itself: its wrapper needs a node, which an isolation may not show.
  program=$(compgen -G "$target/node_modules/@typescript/typescript-linux-*/lib/tsc" | head -n 1)
  chmod +x "$program"
  ln -s "$program" "$target/bin/tsc"
  touch "$target/.done"
fi
echo "$target/bin"
