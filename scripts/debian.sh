# Sourced as `. debian.sh NAME PACKAGE…` by a script whose `complete` is a command that succeeds where all is there, and
# prints what the caller wants to know of it. Where it is not, these packages of Debian's are installed, if we may. With
# COROOM_PACKAGES=list they are only printed, so that ahead.sh can install what several scripts miss in one go.
name=$1 packages=("${@:2}")
if [ "${COROOM_PACKAGES:-}" = list ]; then
  complete >/dev/null || echo "${packages[@]}"
  exit 0
fi
if complete; then exit 0; fi
as_root=
if [ "$(id -u)" != 0 ]; then
  if ! sudo -n true 2>/dev/null; then
    echo "$name: install what is missing (Debian: apt-get install ${packages[*]})" >&2
    exit 2
  fi
  as_root=sudo
fi
exec 9>"${TMPDIR:-/tmp}/coroom-apt.lock"
flock 9
if ! complete >/dev/null; then
  echo "$name: installing ${packages[*]} …" >&2
  case " ${packages[*]} " in
    *" postgresql "*)  # a private server is started where it is needed; none for the machine
      $as_root mkdir -p /etc/postgresql-common
      echo "create_main_cluster = false" | $as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
      ;;
  esac
  $as_root apt-get update -qq >&2
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >&2
fi
complete
