#!/bin/sh
# Makes the release of the last commit in two new directories, and fails where one byte differs.
set -eu
parent=$(mktemp -d)
trap 'rm -rf "$parent"' EXIT
for name in one another-one; do
  git clone -q . "$parent/$name"
  make -C "$parent/$name" release >"$parent/$name.log" 2>&1 || {
    tail -n 30 "$parent/$name.log" >&2
    exit 1
  }
done
diff -r "$parent/one/release" "$parent/another-one/release"
cat "$parent/one/release/SHA256SUMS"
