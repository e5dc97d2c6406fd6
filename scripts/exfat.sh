#!/usr/bin/env bash
# Makes sure that exFAT can be made and mounted in user space, for the test of a disk without letter case; installs
# Debian's when we may.
set -euo pipefail
complete() { command -v mount.exfat-fuse && command -v mkfs.exfat; }
complete >/dev/null && exit 0
as_root=
if [ "$(id -u)" != 0 ]; then
  if ! sudo -n true 2>/dev/null; then
    echo "exfat: install exfat-fuse exfatprogs (Debian: apt-get install exfat-fuse exfatprogs)" >&2
    exit 2
  fi
  as_root=sudo
fi
exec 9>"${TMPDIR:-/tmp}/coroom-apt.lock"
flock 9
complete >/dev/null && exit 0
echo "exfat: installing exfat-fuse exfatprogs …" >&2
$as_root apt-get update -qq >&2
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends exfat-fuse exfatprogs >&2
complete >/dev/null
