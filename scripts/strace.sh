#!/usr/bin/env bash
# Makes sure that strace is here, for the test of power loss; installs Debian's when we may.
set -euo pipefail
complete() { command -v strace; }
complete >/dev/null && exit 0
as_root=
if [ "$(id -u)" != 0 ]; then
  if ! sudo -n true 2>/dev/null; then
    echo "strace: install strace (Debian: apt-get install strace)" >&2
    exit 2
  fi
  as_root=sudo
fi
exec 9>"${TMPDIR:-/tmp}/coroom-apt.lock"
flock 9
complete >/dev/null && exit 0
echo "strace: installing strace …" >&2
$as_root apt-get update -qq >&2
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends strace >&2
complete >/dev/null
