#!/usr/bin/env bash
# Installs the programs that tests drive, while .venv is being made: system packages one after another, npm packages
# beside them. It only saves waiting: what cannot be installed here is asked for again, and told, by the test that
# needs it.
cd "$(dirname "$0")" || exit
{
  ./chromium.sh
  ./system.sh postgres
  ./system.sh kubectl
  ./strace.sh
  ./isolation.sh
  ./exfat.sh
} >/dev/null 2>&1 &
{ ./clients.sh && ./servers.sh && ./conformance.sh; } >/dev/null 2>&1 &
wait
