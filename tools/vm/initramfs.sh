#!/bin/sh
# Makes ready to boot what fetch-debian-package.sh unpacked of a kernel:
# initramfs.sh DIRECTORY. Then DIRECTORY/boot has the kernel and an initramfs with just
# the modules that are needed to mount the file system.
set -eu
directory=$(realpath "$1")
[ -f "$directory/boot/initramfs" ] && exit 0
# Newer packages have everything under /usr.
[ -e "$directory/root/lib" ] || ln -s usr/lib "$directory/root/lib"
version=$(basename "$directory"/root/lib/modules/*)
depmod -b "$directory/root" "$version"

rm -rf "$directory/boot" "$directory/initramfs"
mkdir -p "$directory/boot" "$directory/initramfs/modules"
(
  cd "$directory/initramfs"
  mkdir bin dev proc sys lower upper new
  cp /bin/busybox bin/busybox
  cp "$OLDPWD/tools/vm/init.sh" init
  for module in virtio_pci 9pnet_virtio 9p overlay; do
    modprobe -d "$directory/root" -S "$version" --show-depends "$module"
  done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r file; do
    name=$(basename "$file" .xz)
    case $file in
    *.xz) xz -dc "$file" >"modules/$name" ;;
    *) cp "$file" "modules/$name" ;;
    esac
    echo "$name" >>modules/order
  done
  find . | busybox cpio -o -H newc 2>/dev/null | gzip -1 >"$directory/boot/initramfs.new"
)
rm -rf "$directory/initramfs"
cp "$(find "$directory/root" -name 'vmlinuz*' -type f)" "$directory/boot/vmlinuz"
mv "$directory/boot/initramfs.new" "$directory/boot/initramfs"
