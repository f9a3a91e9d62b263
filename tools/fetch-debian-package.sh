#!/bin/sh
# Unpacks a package of another Debian release beside the installed ones, without
# installing it: fetch-debian-package.sh RELEASE PACKAGE DIRECTORY [DEPENDENCIES]
# PACKAGE:ARCHITECTURE is one for another machine.
# DEPENDENCIES is an extended regular expression: those of its dependencies, and of theirs,
# whose names it matches are unpacked, too.
# The sums of the packages are in DIRECTORY/packages.sha256.
set -eu
release=$1 package=$2 directory=$(realpath -m "$3") dependencies=${4:-}
[ -d "$directory/root" ] && exit 0
case $package in
*:*) architecture=${package#*:} package=${package%:*} ;;
*) architecture=$(dpkg --print-architecture) ;;
esac
mkdir -p "$directory/lists/partial" "$directory/cache/archives/partial"
# The mirror this machine already uses.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' |
  grep -v security | sort -u | head -n 1)
keys=/usr/share/keyrings/debian-archive-keyring.gpg
echo "deb [signed-by=$keys] $mirror $release main" >"$directory/sources.list"
apt() {
  tool=$1
  shift
  "$tool" -qq -o "Dir::Etc::SourceList=$directory/sources.list" -o Dir::Etc::SourceParts=/dev/null \
    -o "Dir::State::Lists=$directory/lists" -o "Dir::Cache=$directory/cache" \
    -o APT::Sandbox::User=root -o "APT::Default-Release=$release" -o "APT::Architecture=$architecture" "$@"
}
apt apt-get update
packages=$package
[ -z "$dependencies" ] ||
  packages="$packages $(apt apt-cache depends --recurse --important "$package" |
    grep -xE "$dependencies")"
rm -rf "$directory/unpacked" "$directory"/*.deb
# shellcheck disable=SC2086
(cd "$directory" && apt apt-get download $packages)
# What it was: a release says so.
(cd "$directory" && sha256sum -- *.deb >packages.sha256)
for file in "$directory"/*.deb; do dpkg-deb -x "$file" "$directory/unpacked"; done
rm "$directory"/*.deb
mv "$directory/unpacked" "$directory/root"
