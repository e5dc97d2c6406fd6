#!/bin/sh
# Compiles each side with its compiler and links both.
set -e
cache=${TMPDIR:-/tmp}/coroom-miscompile-$(id -u)
mkdir -p "$cache"
objects=
compile() { # SIDE FILE
  object=$cache/$1-$(cksum < "$2" | tr ' ' -).o
  if [ ! -e "$object" ]; then
    if [ "$1" = candidate ]; then ./candidate-cc "$2" "$object.$$"; else gcc -O1 -c -o "$object.$$" "$2"; fi
    mv "$object.$$" "$object"
  fi
  objects="$objects $object"
}
while read -r unit; do compile candidate "$unit"; done < "$COROOM_CANDIDATE"
while read -r unit; do compile reference "$unit"; done < "$COROOM_REFERENCE"
gcc -o "$COROOM_OUT/program" $objects
