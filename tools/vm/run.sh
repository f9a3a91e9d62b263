#!/bin/bash
# Runs a command in a virtual machine that has this machine's files, and a kernel that
# fetch-debian-package.sh unpacked: run.sh KERNEL COMMAND..., or without a command a shell.
# What the command leaves in build/vm remains in a directory of the kernel's name there; all
# else that it writes is gone with the machine. VM_DEADLINE is the seconds it may take,
# VM_ACCELERATOR what QEMU runs it with.
set -euo pipefail
kernel=$(realpath "$1")
shift
tools/vm/initramfs.sh "$kernel"

# A copy of the file system that shows none of what is mounted on it.
if [ "${VM_NAMESPACE:-}" != own ]; then
  VM_NAMESPACE=own exec unshare --mount --propagation private "$0" "$kernel" "$@"
fi
project=$PWD
results=$project/build/vm/$(basename "$kernel")
rm -rf "$results"
mkdir -p "$results"
machine=$(mktemp -d)
trap 'umount "$machine"; rmdir "$machine"' EXIT
mount --bind / "$machine"

share() {
  echo "-virtfs local,path=$2,mount_tag=$1,security_model=none,multidevs=remap$3"
}
# A NIC at a place of its own on the PCI bus, by a driver of its own, on one of two networks.
nic() {
  echo "-netdev hubport,id=nic$1,hubid=$3
    -device $2,netdev=nic$1,addr=0x1$1,mac=52:54:00:00:00:0$1,romfile="
}
# Two NICs of one MAC of which the guest makes one: the second shows once the driver of the first has
# said that it knows of such pairs.
failover_pair() {
  echo "-netdev hubport,id=standby,hubid=0
    -device virtio-net-pci,netdev=standby,id=standby,failover=on,addr=0x15,mac=$1,romfile=
    -netdev hubport,id=primary,hubid=0 -device pcie-root-port,id=beneath,chassis=1,addr=0x16
    -device e1000e,netdev=primary,bus=beneath,id=primary,failover_pair_id=standby,mac=$1,romfile="
}
deadline=${VM_DEADLINE:-400}
if [ $# = 0 ]; then
  deadline=none
  echo 'exec "${SHELL:-sh}" -i' >"$results/command"
  serial=mon:stdio
else
  printf '%q ' "$@" >"$results/command"
  serial=stdio
fi
accelerator=${VM_ACCELERATOR:-tcg,thread=multi}
# shellcheck disable=SC2046
machine_with_console() {
  # The IOMMU is what vfio-pci needs. On a busy machine the timer is too slow for the kernel's check of it.
  # The kernel gives its first process what it does not know itself as variables.
  qemu-system-x86_64 -machine q35 -device intel-iommu \
    -accel "$accelerator" -cpu max -smp 1 -m 3072 \
    -nodefaults -no-user-config -display none -no-reboot -serial "$serial" \
    -kernel "$kernel/boot/vmlinuz" -initrd "$kernel/boot/initramfs" \
    -append "console=ttyS0 quiet panic=-1 mitigations=off intel_iommu=on no_timer_check project=$project \
modules=$(realpath "$kernel/root/lib/modules") deadline=$deadline" \
    $(share machine "$machine" ,readonly=on) \
    $(share project "$project" ,readonly=on) \
    $(share results "$results" '') \
    $(nic 0 virtio-net-pci 0) $(nic 1 virtio-net-pci 0) $(nic 2 e1000 1) $(nic 3 e1000 1) \
    $(nic 4 e1000 1) $(failover_pair 52:54:00:00:00:05)
}
if [ "$deadline" = none ]; then
  machine_with_console
else
  # The machine itself notices the deadline first, unless its kernel hangs.
  export -f machine_with_console share nic failover_pair
  export accelerator serial kernel project results machine deadline
  timeout --foreground $((deadline + 30)) bash -c machine_with_console </dev/null | stdbuf -oL tr -d '\r'
fi || true
[ -f "$results/status" ] || { echo "the virtual machine ended without a result" >&2; exit 1; }
exit "$(cat "$results/status")"
