#!/usr/bin/env bash
# system.sh WHAT: prints the path of a program that the tests and examples drive, installing Debian's package when there
# is none and we may. WHAT is postgres (the directory of its programs), kubectl or strace.
set -euo pipefail
what=${1:?postgres, kubectl or strace}
found() {
  case $what in
    postgres) compgen -G "/usr/lib/postgresql/*/bin/initdb" | sort -V | tail -n 1 | xargs -r dirname ;;
    *) command -v "$what" || true ;;
  esac
}
path=$(found)
if [ -n "$path" ]; then
  echo "$path"
  exit 0
fi
case $what in
  postgres) package=postgresql ;;
  kubectl) package=kubernetes-client ;;
  strace) package=strace ;;
  *) echo "system: nothing is known of '$what'; it is postgres, kubectl or strace" >&2; exit 2 ;;
esac
as_root=
if [ "$(id -u)" != 0 ]; then
  if ! sudo -n true 2>/dev/null; then
    echo "system: $what is missing; install it (Debian: apt-get install $package)" >&2
    exit 2
  fi
  as_root=sudo
fi
exec 9>"${TMPDIR:-/tmp}/coroom-apt.lock"
flock 9
if [ -z "$(found)" ]; then
  echo "system: installing $package …" >&2
  if [ "$what" = postgres ]; then  # a private server is started where it is needed; none for the machine
    $as_root mkdir -p /etc/postgresql-common
    echo "create_main_cluster = false" | $as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
  fi
  $as_root apt-get update -qq >&2
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >&2
fi
found
