#!/usr/bin/env bash
# Makes sure that exFAT can be made and mounted in user space, for the test of a disk without letter case; installs
# Debian's when we may.
set -euo pipefail
complete() { { command -v mount.exfat-fuse && command -v mkfs.exfat; } >/dev/null; }
. "$(dirname "$0")/debian.sh" exfat exfat-fuse exfatprogs
