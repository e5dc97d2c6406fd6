#!/usr/bin/env bash
# Makes sure that gcc is here, for the tests that compile C; installs Debian's when we may.
set -euo pipefail
complete() { command -v gcc >/dev/null && [ -e /usr/include/stdio.h ]; }
. "$(dirname "$0")/debian.sh" gcc gcc libc6-dev
