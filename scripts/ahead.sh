#!/usr/bin/env bash
# Installs the programs that tests drive, while .venv is being made: Debian's packages all at once, npm packages beside
# them. It only saves waiting: what cannot be installed here is asked for again, and told, by the test that needs it.
cd "$(dirname "$0")" || exit
for needed in chromium.sh "system.sh postgres" "system.sh kubectl" strace.sh isolation.sh exfat.sh gcc.sh; do
  missing+=" $(COROOM_PACKAGES=list ./$needed)"
done
complete() { [ -z "${missing// /}" ]; }
( . ./debian.sh ahead $missing ) >/dev/null 2>&1 &
{ ./clients.sh && ./servers.sh && ./conformance.sh; } >/dev/null 2>&1 &
wait
