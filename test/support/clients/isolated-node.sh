# An node: a root shell on the network of one namespace whose mounts, processes and cgroups
# are its own, so that a container client in it leaves nothing on the machine.
#
# isolated-node.sh NAME PLUGIN   has PLUGIN and the stock plugins where clients look for them, prints
#                         the process id of the node's first process, and lives until its
#                         stdin is closed, by whomever and however.
set -eu
name=$1 plugin=$2

fresh() {
  mkdir -p "$1"
  mount -t tmpfs hdl3 "$1"
}

# Everything the clients write at their fixed places; what others need there stays readable.
fresh /run
for place in /etc /opt /var/lib; do
  layers=/run/layers$place
  mkdir -p "$layers/upper" "$layers/work"
  mount -t overlay -o "lowerdir=$place,upperdir=$layers/upper,workdir=$layers/work" hdl3 "$place"
done
for place in /etc/cni /opt/cni /var/lib/cni; do fresh "$place"; done
mkdir -p /etc/cni/net.d /opt/cni/bin /run/netns
ln -s "$plugin" /opt/cni/bin/host-device-l3
ln -s /usr/lib/cni/* /opt/cni/bin
# It may be a link into the /run of the machine.
rm -f /etc/resolv.conf
echo 'nameserver 198.51.100.1' >/etc/resolv.conf

mount -t sysfs hdl3 /sys
mount -t cgroup2 hdl3 /sys/fs/cgroup
mkdir "/sys/fs/cgroup/$name"
first='
  read -r id rest </proc/self/stat
  mount -t proc hdl3 /proc
  umount /sys/fs/cgroup
  mount -t cgroup2 hdl3 /sys/fs/cgroup
  echo "$id"
  # Waiting, it also takes note of the end of every orphan.
  cat <&3 >/dev/null &
  wait $!
'
exec 3<&0
sh -euc 'echo $$ >"/sys/fs/cgroup/$0/cgroup.procs"
  exec unshare --mount --cgroup --pid --fork sh -euc "$1"' "$name" "$first" || true
find "/sys/fs/cgroup/$name" -depth -type d -exec rmdir {} \;
