#!/bin/sh
# What the virtual machine does once it has its file system: runs build/vm/command in the
# project, notes the exit status, and goes off. The kernel's command line gives it
# $project, $modules and $deadline.
export HOME=/root LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
mkdir -p /dev/pts /dev/shm /run/netns /lib/modules
mount -t devpts pts /dev/pts
mount -t tmpfs shm /dev/shm
mount -t cgroup2 cgroup /sys/fs/cgroup
mount --bind "$modules" /lib/modules
echo vm >/proc/sys/kernel/hostname
ip link set lo up
cd "$project" || exit 1

dump() {
  echo '--- the time is up; the network:'
  for namespace in '' $(ip netns list | cut -d' ' -f1); do
    echo "--- namespace ${namespace:-of the machine}"
    for words in 'address show' '-4 route show table all' '-6 route show table all' rule; do
      # shellcheck disable=SC2086
      ip ${namespace:+-n "$namespace"} $words
    done
  done
  echo '--- processes'
  ps -eo pid,ppid,stat,wchan:20,args | grep -v '\]$'
}

if [ "$deadline" = none ]; then
  setsid --ctty --wait sh build/vm/command <>/dev/ttyS0 >&0 2>&0
else
  timeout --kill-after=1 --signal=KILL "$deadline" sh build/vm/command </dev/null 2>&1 &
  command=$!
  (sleep $((deadline - 5)) && dump) &
  wait "$command"
fi
echo $? >build/vm/status
# Without a word.
echo 1 >/proc/sys/kernel/printk
sync
echo o >/proc/sysrq-trigger
while :; do :; done
