#!/usr/bin/env bash
# Prints the path of a Chromium that runs without a screen, for the tests of the live page and its picture; installs
# Debian's smallest one (chromium-headless-shell, 60 MB) when there is none and we may. CHROMIUM names another.
set -euo pipefail
for candidate in "${CHROMIUM:-}" chromium-headless-shell chromium google-chrome-stable chrome; do
  [ -n "$candidate" ] && command -v "$candidate" && exit 0
done
as_root=
if [ "$(id -u)" != 0 ]; then
  if ! sudo -n true 2>/dev/null; then
    echo "chromium: none found; install it (Debian: apt-get install chromium-headless-shell) or set CHROMIUM" >&2
    exit 2
  fi
  as_root=sudo
fi
exec 9>"${TMPDIR:-/tmp}/coroom-apt.lock"
flock 9
if ! command -v chromium-headless-shell >/dev/null; then
  echo "chromium: installing chromium-headless-shell …" >&2
  $as_root apt-get update -qq >&2
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    chromium-headless-shell fonts-dejavu-core >&2
fi
command -v chromium-headless-shell
