#!/bin/sh
# Makes the release of the last commit in a new directory, and fails where one byte differs from the one in
# RELEASE, or from one that is made in another new directory: reproduce.sh [RELEASE].
set -eu
parent=$(mktemp -d)
trap 'rm -rf "$parent"' EXIT

# make_release NAME: in $parent/NAME/release.
make_release() {
  git clone -q . "$parent/$1"
  make -C "$parent/$1" release >"$parent/$1.log" 2>&1 || {
    tail -n 30 "$parent/$1.log" >&2
    exit 1
  }
}

make_release one
if [ $# -gt 0 ]; then
  other=$1
else
  make_release another-one
  other=$parent/another-one/release
fi
diff -r "$other" "$parent/one/release"
cat "$other/SHA256SUMS"
