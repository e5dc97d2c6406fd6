# Sourced as `. npm_set.sh NAME WHAT` by scripts/NAME.sh: installs the packages that scripts/NAME/ pins into a cache, has
# the caller's `arrange` put their programs into $target/bin, and prints that directory. Node and npm are those of
# scripts/clients.sh ($clients); package scripts are never run, hashes are in the lock file. A stamp with the hash of
# these files makes the second call cost nothing.
clients=$("$(dirname "$0")/clients.sh")
cd "$(dirname "$0")/$1"
root=${COROOM_CACHE:-$HOME/.cache/coroom}/$1
key=$(cat package.json package-lock.json "../$1.sh" ../npm_set.sh | sha256sum | cut -c1-16)
target=$root/$key
mkdir -p "$root"
exec 9>"$root/.lock"
flock 9
if [ ! -e "$target/.done" ]; then
  echo "$1: installing $2 into $target …" >&2
  rm -rf "$target"
  mkdir -p "$target/bin"
  cp package.json package-lock.json "$target/"
  (cd "$target" && PATH=$clients:$PATH npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
  arrange
  touch "$target/.done"
fi
echo "$target/bin"
