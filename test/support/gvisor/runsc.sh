# A gVisor sandbox in the network namespace this runs in: runsc.sh ROOT BUNDLE ID
#
# It ends with the process that started this, however that ends: runsc is killed, and takes
# all of its own with it.
set -eu

# Debian's runsc takes a namespace for the host's in which it finds rmem_default; kernels
# since 6.11 have that in every one. It must be hidden from inside the namespace.
mount -t tmpfs hdl3 /proc/sys/net/core
exec setpriv --pdeathsig KILL runsc --root "$1" --platform ptrace --ignore-cgroups \
  --network sandbox run --bundle "$2" "$3"
