#!/bin/sh
# Builds the image of deploy/Containerfile, and saves it: build-image.sh DIST ARCHITECTURE ARCHIVE
# The same files give the same archive. Nothing stays in podman's own storage.
set -eu
dist=$1 architecture=$2 archive=$3
version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' package.json)
licences=$( (
  echo Apache-2.0
  sed -n 's/^[^ ]* [^ ]*, in host-device-l3\( and .*\)\{0,1\}: //p' "$dist/THIRD-PARTY-NOTICES"
) | LC_ALL=C sort -u | sed ':all;N;$!b all;s/\n/ AND /g')
storage=$(mktemp -d)
trap 'rm -rf "$storage"' EXIT
podman() {
  command podman --root "$storage/root" --runroot "$storage/run" --storage-driver vfs "$@"
}
podman build --quiet --timestamp "${SOURCE_DATE_EPOCH:-0}" --platform "linux/$architecture" \
  --build-arg "DIST=$dist" --build-arg "VERSION=$version" \
  --build-arg "LICENCES=$licences" --tag "localhost/host-device-l3:$version" \
  --file deploy/Containerfile . >/dev/null
rm -f "$archive"
podman save --quiet --format docker-archive --output "$archive" "localhost/host-device-l3:$version"
