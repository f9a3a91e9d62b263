#!/bin/sh
# The main job, step by step: a device of a "host" is lent to a "pod" with its
# address and routes, answers from there, and comes home.
set -eu
cd "$(dirname "$0")/.."
PLUGIN=$PWD/dist/host-device-l3

id=hdl3-demo-$$
HOST=$id-host POD=$id-pod CLOUD=$id-cloud
STATE=$(mktemp -d)

clean_up() {
  for namespace in $HOST $POD $CLOUD; do ip netns delete "$namespace" 2>/dev/null || true; done
  rm -rf "$STATE"
}
trap clean_up EXIT
trap 'exit 1' INT TERM

step() {
  if [ -t 1 ]; then printf '\n\033[1m%s\033[0m\n' "$*"; else printf '\n%s\n' "$*"; fi
}
show() {
  printf '  $ %s\n' "$*"
  "$@" | sed 's/^/    /'
}

step "1. A host with a network device that a cloud has given an address and routes"
for namespace in $HOST $POD $CLOUD; do ip netns add "$namespace"; done
ip -n "$HOST" link add eth1 type veth peer name gateway netns "$CLOUD"
ip -n "$CLOUD" link set gateway up
ip -n "$CLOUD" address add 198.51.100.1/24 dev gateway
ip -n "$CLOUD" address add 203.0.113.1/24 dev gateway
ip -n "$HOST" link set eth1 up
ip -n "$HOST" address add 198.51.100.5/24 dev eth1
ip -n "$HOST" route add 203.0.113.0/24 via 198.51.100.1
ip -n "$HOST" route add default via 198.51.100.1
show ip -n "$HOST" -brief -4 address show dev eth1
show ip -n "$HOST" route

CONFIGURATION='{
  "cniVersion": "1.1.0",
  "name": "lent",
  "type": "host-device-l3",
  "device": "eth1",
  "stateDir": "'$STATE'"
}'

# As a container runtime calls a plugin: variables, and the configuration on stdin.
call() {
  echo "$CONFIGURATION" | env CNI_COMMAND="$1" CNI_CONTAINERID=demo CNI_NETNS="/run/netns/$POD" \
    CNI_IFNAME=net1 CNI_PATH=/opt/cni/bin ip netns exec "$HOST" "$PLUGIN"
}

step "2. ADD lends it to the pod; this is the result the runtime gets"
echo "$CONFIGURATION" | sed 's/^/  < /'
call ADD >"$STATE/result" || failed=1
sed 's/^/    /' "$STATE/result"
[ -z "${failed:-}" ]

step "3. The pod has the device, its address and its routes"
show ip -n "$POD" -brief -4 address show dev net1
show ip -n "$POD" route

step "4. The host has none of it"
show ip -n "$HOST" -brief link
show ip -n "$HOST" route

step "5. The pod reaches its gateway, and a network behind it"
# Not through a pipe: the step must fail when nobody answers.
for address in 198.51.100.1 203.0.113.1; do
  echo "  $ ip netns exec $POD ping -c 2 -i 0.2 $address"
  ip netns exec "$POD" ping -c 2 -i 0.2 -W 2 "$address" >"$STATE/ping"
  sed 's/^/    /' "$STATE/ping"
done

step "6. DEL brings the device home, with its name, address and routes; a second DEL finds nothing to do"
call DEL
call DEL
show ip -n "$HOST" -brief -4 address show dev eth1
show ip -n "$HOST" route
show ip -n "$POD" -brief link
