# Runs a static executable in a root directory that holds nothing but it, /proc, /sys and the
# given files and directories, under their own paths:
#
#     unshare --mount sh bare-root.sh PATH... EXECUTABLE
#
# Nothing in /run, /tmp and /var can be executed. All of it goes with the mount namespace.
set -eu
root=/mnt
for executable; do :; done
# It may be below /mnt itself.
exec 3<"$executable"
mount -t tmpfs -o size=16m hdl3 "$root"
cat <&3 >"$root/host-device-l3"
exec 3<&-
chmod 755 "$root/host-device-l3"
for directory in run tmp var; do
  mkdir "$root/$directory"
  mount -t tmpfs -o noexec,nosuid,nodev,size=16m hdl3 "$root/$directory"
done
for directory in proc sys; do
  mkdir "$root/$directory"
  mount --rbind "/$directory" "$root/$directory"
done
while [ $# -gt 1 ]; do
  mkdir -p "$root$(dirname "$1")"
  if [ -d "$1" ]; then mkdir "$root$1"; else touch "$root$1"; fi
  mount --bind "$1" "$root$1"
  mount -o remount,bind,noexec "$root$1"
  shift
done
exec chroot "$root" /host-device-l3
