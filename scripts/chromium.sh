#!/usr/bin/env bash
# Prints the path of a Chromium that runs without a screen, for the tests of the live page and its picture; installs
# Debian's smallest one (60 MB) when there is none and we may. CHROMIUM names another.
set -euo pipefail
complete() {
  local candidate
  for candidate in "${CHROMIUM:-}" chromium-headless-shell chromium google-chrome-stable chrome; do
    [ -n "$candidate" ] && command -v "$candidate" && return
  done
  return 1
}
. "$(dirname "$0")/debian.sh" chromium chromium-headless-shell fonts-dejavu-core
