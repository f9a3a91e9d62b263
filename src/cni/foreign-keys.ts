const BY_DEVICE = '"device" names the device of the host'
const OF_BRIDGE = 'it is a key of the plugin bridge, and has no use here'
const KEPT = 'the device keeps what it has on the host'
const BY_IPAM =
  'an address that the host does not have comes from "ipam", such as the plugin static'
const FROM_RUNTIME =
  'a device plugin\'s choice comes in "runtimeConfig", if "capabilities" has "deviceID": true; "pciBusID" names a device for good'

/** Names that people bring from other plugins, in lower case, and what to write here. */
export const FOREIGN_KEYS = new Map(
  Object.entries({
    address: BY_IPAM,
    addresses: BY_IPAM,
    bridge: OF_BRIDGE,
    delegates: 'it is a key of Multus',
    dev: BY_DEVICE,
    deviceid: FROM_RUNTIME,
    dhcp: 'for an address by DHCP write "ipam": {"type": "dhcp"}; see also "dynamicAddresses"',
    eth: BY_DEVICE,
    gateway: 'routes are taken from the host, or come from "ipam"',
    hostdevice: BY_DEVICE,
    hostinterface: BY_DEVICE,
    hwaddress: '"hwaddr" selects a device by its MAC address',
    interface: BY_DEVICE,
    interfacename: `${BY_DEVICE}, "ifName" its name in the sandbox`,
    ip: BY_IPAM,
    ipmasq: OF_BRIDGE,
    isdefaultgateway: OF_BRIDGE,
    isgateway: OF_BRIDGE,
    kubeconfig: 'it is a key of Multus',
    link: BY_DEVICE,
    log: '"logFile" is the path of the log',
    logpath: '"logFile" is the path of the log',
    mac: '"hwaddr" selects a device by its MAC address; a MAC cannot be changed',
    macaddress: '"hwaddr" selects a device by its MAC address; a MAC cannot be changed',
    master: BY_DEVICE,
    mtu: `an MTU cannot be set: ${KEPT}`,
    nameserver: '"nameservers" is a list of addresses',
    neighbour: '"neighbors" says which neighbour entries are carried',
    neighbours: '"neighbors" says which neighbour entries are carried',
    netmask: 'a prefix length is written with the address, such as 10.0.0.5/24',
    nic: BY_DEVICE,
    parent: BY_DEVICE,
    pci: '"pciBusID" selects a device by its PCI address',
    pciaddress: '"pciBusID" selects a device by its PCI address',
    pcideviceid: '"pciBusID" selects a device by its PCI address',
    promisc: `it cannot be set: ${KEPT}`,
    promiscmode: OF_BRIDGE,
    searches: '"search" is a list of domains',
    statedirectory: '"stateDir" is the path of the directory of records',
    subnet: 'it belongs into "ipam"',
    sysctl: '"sysctls" is a list of per-interface settings to carry, or "all"',
    table: 'every route is carried in the table that it is in',
    timeout: '"timeoutSeconds" is how long a call may take',
    vlan: `a VLAN cannot be set: lend a vlan device of the host`,
  }),
)
