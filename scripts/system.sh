#!/usr/bin/env bash
# system.sh WHAT: prints the path of a program that the tests and examples drive, installing Debian's package when there
# is none and we may. WHAT is postgres (the directory of its programs), kubectl or strace.
set -euo pipefail
case ${1:-} in
  postgres)
    complete() { compgen -G "/usr/lib/postgresql/*/bin/initdb" | sort -V | tail -n 1 | xargs -r dirname | grep .; }
    package=postgresql
    ;;
  kubectl)
    complete() { command -v kubectl; }
    package=kubernetes-client
    ;;
  strace)
    complete() { command -v strace; }
    package=strace
    ;;
  *) echo "system: nothing is known of '${1:-}'; it is postgres, kubectl or strace" >&2; exit 2 ;;
esac
. "$(dirname "$0")/debian.sh" "$1" "$package"
