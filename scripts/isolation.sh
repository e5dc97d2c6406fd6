#!/usr/bin/env bash
# Makes sure that bubblewrap and podman with runc are here, for the tests of isolation; installs Debian's when we may.
set -euo pipefail
complete() { { command -v bwrap && command -v podman && command -v runc && command -v prlimit; } >/dev/null; }
. "$(dirname "$0")/debian.sh" isolation bubblewrap podman runc uidmap netavark util-linux
