#!/bin/busybox sh
# The first process of the virtual machine: the machine's file system, which it sees
# read-only, under one in memory that takes what is written; then guest.sh.
export PATH=/bin:/sbin:/usr/bin:/usr/sbin:/usr/local/bin
/bin/busybox --install -s /bin
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys

while read -r module; do insmod "/modules/$module"; done </modules/order
share() {
  mount -t 9p -o "trans=virtio,version=9p2000.L,msize=1048576,$3" "$1" "$2"
}
# Puts a layer in memory over a share.
layered() {
  mkdir -p "/lower/$1" "/upper/$1"
  share "$1" "/lower/$1" ro,cache=loose
  mount -t tmpfs -o mode=755 layer "/upper/$1"
  mkdir "/upper/$1/files" "/upper/$1/work"
  mount -t overlay -o "lowerdir=/lower/$1,upperdir=/upper/$1/files,workdir=/upper/$1/work" \
    "$1" "$2"
}
layered machine /new
# Before the project, which may be in one of them.
for place in run tmp var/tmp var/lib/cni; do
  mkdir -p "/new/$place"
  mount -t tmpfs -o mode=1777 tmp "/new/$place"
done
mkdir -p "/new$project"
layered project "/new$project"
share results "/new$project/build/vm" rw

for place in dev proc sys; do mount --move "/$place" "/new/$place"; done
cd "/new$project" || exit 1
exec switch_root /new /bin/sh "$project/tools/vm/guest.sh" "$project"
