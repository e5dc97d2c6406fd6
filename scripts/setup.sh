#!/usr/bin/env bash
# Makes .venv with the locked dependencies; $1 is run (what users need) or dev (with the test tools).
# A stamp with the lock's hash makes the second call cost nothing.
set -euo pipefail
trap 'exit 130' INT  # pip and uv end in order at Ctrl-C, and what comes next would begin
cd "$(dirname "$0")/.."
kind=${1:-run}
lock=requirements/$kind.lock
stamp_of() { echo ".venv/.coroom-$1-$(sha256sum "requirements/$1.lock" requirements/sdk.lock pyproject.toml | sha256sum | cut -c1-16)"; }
stamp=$(stamp_of "$kind")
# What the tests need holds all that users need.
is_done() { [ -e "$stamp" ] || { [ "$kind" = run ] && [ -e "$(stamp_of dev)" ]; }; }
is_done && exit 0
if command -v flock >/dev/null; then  # one at a time: to the other, what is not finished would look interrupted
  exec 9<scripts/setup.sh
  flock 9 || true
  is_done && exit 0
fi

# One that can fill a venv before one that cannot; the distribution's before a version manager's, which is mostly
# built without profiles: it takes a tenth to a third longer (docs/simulation.md, figures).
usable() { "$1" -c "import sys, $2; sys.exit(not (3, 11) <= sys.version_info < (3, 14))" 2>/dev/null; }
python=${PYTHON:-}
if [ -n "$python" ] && ! usable "$python" sys; then
  echo "setup: PYTHON=$python is no Python 3.11, 3.12 or 3.13 that runs here; name another, or leave PYTHON out" >&2
  exit 2
fi
for needed in ensurepip sys; do
  for candidate in /usr/bin/python3.{13,12,11} python3.{13,12,11} python3; do
    [ -n "$python" ] && break 2
    usable "$candidate" "$needed" && python=$candidate
  done
done
if [ -z "$python" ]; then
  echo "setup: no Python 3.11, 3.12 or 3.13 found; install one (Debian: apt-get install python3) or set PYTHON" >&2
  exit 2
fi

make_venv() {
  "$python" -m venv .venv 2>/dev/null && return
  # Debian ships Python without venv's ensurepip; one package brings it, where we may install one.
  rm -rf .venv
  as_root=
  [ "$(id -u)" = 0 ] || as_root="sudo -n"
  if command -v apt-get >/dev/null && { [ -z "$as_root" ] || $as_root true 2>/dev/null; }; then
    echo "setup: installing python3-venv …" >&2
    $as_root apt-get update -qq && $as_root apt-get install -y -qq python3-venv >/dev/null
    "$python" -m venv .venv 2>/dev/null && return
    rm -rf .venv
  fi
  # A pip of this Python's own can fill a venv that has none.
  if "$python" -m venv --without-pip .venv 2>/dev/null && "$python" -m pip --python .venv/bin/python install -q pip; then
    return
  fi
  rm -rf .venv
  echo "setup: $python cannot make a venv: it has no ensurepip and no pip." >&2
  echo "setup: install it (Debian: apt-get install python3-venv), or set PYTHON to one that can" >&2
  exit 2
}
# Of one that was interrupted, a part of pip or of any package may be there, and pass for the whole.
unfinished=.venv/.coroom-unfinished
if [ -e "$unfinished" ] || ! usable .venv/bin/python 'importlib.metadata as found; assert found.files("pip")'; then
  rm -rf .venv
  make_venv
fi
touch "$unfinished"
echo "setup: installing the locked dependencies ($kind) into .venv …"
pip() { .venv/bin/python -m pip --disable-pip-version-check "$@"; }
locked() {  # locked INSTALL…: what the lock names; what comes as source and is built by what the lock has brought; this
  "$@" --require-hashes -r "$lock" || return
  [ "$kind" = run ] ||
    "$@" --require-hashes --no-deps --no-build-isolation --no-binary claude-agent-sdk -r requirements/sdk.lock || return
  "$@" --no-deps --no-build-isolation -e .
}
with_uv() {  # in a sixth of pip's time, from the index that pip was told of, with the certificates of this machine
  local index told
  told=$(pip config list) || return
  [[ $told =~ [.]no-index=\'(1|true|yes|on)\' ]] && return 1
  index=${PIP_INDEX_URL:-$(sed -n "s/.*[.]index-url='\(.*\)'$/\1/p" <<<"$told" | tail -n 1)}
  pip install -q --no-compile --no-deps --require-hashes -r <(sed -n '/^uv==/,/[^\]$/p' requirements/dev.lock) &&
    UV_NATIVE_TLS=true locked .venv/bin/uv pip install -q --python .venv/bin/python ${index:+--default-index "$index"}
}
with_uv || { echo "setup: not by uv; pip does it …" >&2; locked pip install -q --no-compile; } || failed=$?
rm "$unfinished"
[ -z "${failed:-}" ] || exit "$failed"
# Compiled on all cores at once, which pip does not do, without the packages' own tests and what nothing here imports
# (if something does, it is compiled then).
unused='mypyc?|narwhals|fontTools/(feaLib|varLib|ttLib|ufoLib)|pygments/lexers|statsmodels/(tsa|genmod|discrete|regression|base)'
unused+='|openai/(types|resources)/(beta|admin|realtime|live)|google/genai/_gaos|langsmith/(resources|sandbox|integrations)'
unused+='|agents/extensions|scipy/(signal|io)|numpy/(distutils|f2py)|pyasn1_modules|hypothesis/extra'
.venv/bin/python -m compileall -qq -j 0 -x "/tests?/|/site-packages/($unused)/" .venv/lib src || true
[ "$kind" = run ] || .venv/bin/python scripts/compile.py || true
rm -f .venv/.coroom-"$kind"-*
touch "$stamp"
