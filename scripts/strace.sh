#!/usr/bin/env bash
# Makes sure that strace is here, for the test of power loss; installs Debian's when we may.
set -euo pipefail
complete() { command -v strace >/dev/null; }
. "$(dirname "$0")/debian.sh" strace strace
