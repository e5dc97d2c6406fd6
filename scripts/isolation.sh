#!/usr/bin/env bash
# Makes sure that bubblewrap and podman with runc are here, for the tests of isolation; installs Debian's when we may.
set -euo pipefail
complete() { command -v bwrap && command -v podman && command -v runc && command -v prlimit; }
complete >/dev/null && exit 0
as_root=
if [ "$(id -u)" != 0 ]; then
  if ! sudo -n true 2>/dev/null; then
    echo "isolation: install bubblewrap, podman and runc (Debian: apt-get install bubblewrap podman runc uidmap)" >&2
    exit 2
  fi
  as_root=sudo
fi
exec 9>"${TMPDIR:-/tmp}/coroom-apt.lock"
flock 9
complete >/dev/null && exit 0
echo "isolation: installing bubblewrap, podman, runc …" >&2
$as_root apt-get update -qq >&2
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
  bubblewrap podman runc uidmap netavark util-linux >&2
complete >/dev/null
