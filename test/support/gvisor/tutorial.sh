# gVisor's CNI tutorial up to the start of the sandbox, with one plugin more:
# tutorial.sh SANDBOX STATE PLUGIN
set -eu
sandbox=$1 state=$2 plugin=$3
export CNI_PATH=/usr/lib/cni CNI_CONTAINERID=tutorial CNI_COMMAND=ADD CNI_NETNS=$sandbox

CNI_IFNAME=eth0 /usr/lib/cni/bridge <<END
{
  "cniVersion": "0.4.0",
  "name": "mynet",
  "type": "bridge",
  "bridge": "cni0",
  "isGateway": true,
  "ipam": {
    "type": "host-local",
    "subnet": "10.22.0.0/16",
    "routes": [{ "dst": "0.0.0.0/0" }],
    "dataDir": "$state/networks"
  }
}
END
CNI_IFNAME=lo /usr/lib/cni/loopback <<END
{ "cniVersion": "0.4.0", "name": "lo", "type": "loopback" }
END
CNI_IFNAME=net1 "$plugin" <<END
{
  "cniVersion": "0.4.0",
  "name": "lent-eth1",
  "type": "host-device-l3",
  "device": "eth1",
  "gvisor": true,
  "stateDir": "$state"
}
END
