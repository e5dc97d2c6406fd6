#!/usr/bin/env bash
# Makes sure that gcc is here, for the tests that compile C; installs Debian's when we may.
set -euo pipefail
complete() { command -v gcc && [ -e /usr/include/stdio.h ]; }
complete >/dev/null && exit 0
as_root=
if [ "$(id -u)" != 0 ]; then
  if ! sudo -n true 2>/dev/null; then
    echo "gcc: install gcc (Debian: apt-get install gcc libc6-dev)" >&2
    exit 2
  fi
  as_root=sudo
fi
exec 9>"${TMPDIR:-/tmp}/coroom-gcc.lock"
flock 9
complete >/dev/null && exit 0
echo "gcc: installing gcc and libc6-dev …" >&2
$as_root apt-get update -qq >&2
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends gcc libc6-dev >&2
complete >/dev/null
