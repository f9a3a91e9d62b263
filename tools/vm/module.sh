#!/bin/sh
# Builds the RDMA device of the tests for a kernel that fetch-debian-package.sh unpacked, and puts it
# among its modules: module.sh RELEASE DIRECTORY.
set -eu
release=$1 directory=$(realpath "$2") name=hdl3_rdma
[ -e "$directory/root/lib" ] || ln -s usr/lib "$directory/root/lib"
version=$(basename "$directory"/root/lib/modules/*)
module=$directory/root/lib/modules/$version/extra/$name.ko
source=test/support/vm/$name.c
[ "$module" -nt "$source" ] && exit 0
headers=$directory/headers
tools/fetch-debian-package.sh "$release" "linux-headers-$version" "$headers" \
  'linux-(headers|kbuild)-[0-9].*'
rm -rf "$directory/module"
mkdir -p "$directory/module" "$(dirname "$module")"
cp "$source" "$directory/module"
echo "obj-m := $name.o" >"$directory/module/Makefile"
# They expect to be installed.
sources=$headers/root/usr/src
sed -i "s#[^ =]*/usr/src/#$sources/#" "$sources/linux-headers-$version/Makefile"
make -s -C "$sources/linux-headers-$version" "M=$directory/module" modules
strip --strip-debug -o "$module" "$directory/module/$name.ko"
depmod -b "$directory/root" "$version"
