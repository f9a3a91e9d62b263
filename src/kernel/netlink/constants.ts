/** Address families (AF_* of bits/socket.h). */
export const AF = { inet: 2, inet6: 10 } as const

/** Protocols of netlink (NETLINK_* of linux/netlink.h). */
export const PROTOCOL = { route: 0, generic: 16, rdma: 20 } as const

/** Message types (RTM_* of linux/rtnetlink.h). */
export const RTM = {
  newLink: 16,
  deleteLink: 17,
  getLink: 18,
  newAddress: 20,
  deleteAddress: 21,
  getAddress: 22,
  newRoute: 24,
  deleteRoute: 25,
  getRoute: 26,
  newNeighbor: 28,
  getNeighbor: 30,
  newRule: 32,
  deleteRule: 33,
  getRule: 34,
  newQdisc: 36,
  getQdisc: 38,
  newFilter: 44,
  getFilter: 46,
  newNexthop: 104,
  getNexthop: 106,
  newLinkProperties: 108,
  deleteLinkProperties: 109,
} as const

/** Attributes of a route and of its nexthops (RTA_* of linux/rtnetlink.h). */
export const RTA = {
  destination: 1,
  source: 2,
  outputInterface: 4,
  gateway: 5,
  priority: 6,
  preferredSource: 7,
  metrics: 8,
  multipath: 9,
  flow: 11,
  cacheInfo: 12,
  table: 15,
  via: 18,
  newDestination: 19,
  preference: 20,
  encapType: 21,
  encap: 22,
  expires: 23,
  nexthopId: 30,
} as const

/** The gateway is taken to be on the link, even without a route to it (linux/rtnetlink.h). */
export const RTNH_F_ONLINK = 4

/** Routing tables that every namespace has (RT_TABLE_* of linux/rtnetlink.h). */
export const TABLE = { default: 253, main: 254, local: 255 } as const

/** Scopes of addresses and routes (RT_SCOPE_* of linux/rtnetlink.h). */
export const SCOPE = { universe: 0, site: 200, link: 253, host: 254 } as const

/** Origins of routes (RTPROT_* of linux/rtnetlink.h). */
export const ROUTE_PROTOCOL = {
  redirect: 1,
  kernel: 2,
  boot: 3,
  static: 4,
  gated: 8,
  ra: 9,
  mrt: 10,
  zebra: 11,
  bird: 12,
  dnrouted: 13,
  xorp: 14,
  ntk: 15,
  dhcp: 16,
  mrouted: 17,
  babel: 42,
  bgp: 186,
  isis: 187,
  ospf: 188,
  rip: 189,
  eigrp: 192,
} as const

/** Types of routes (RTN_* of linux/rtnetlink.h). */
export const ROUTE_TYPE = {
  unspec: 0,
  unicast: 1,
  local: 2,
  broadcast: 3,
  anycast: 4,
  multicast: 5,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
  throw: 9,
  nat: 10,
  xresolve: 11,
} as const

/** Flags of addresses (IFA_F_* of linux/if_addr.h). */
export const ADDRESS_FLAG = {
  /** For IPv6: a temporary address (privacy extensions). */
  secondary: 0x1,
  nodad: 0x2,
  optimistic: 0x4,
  dadfailed: 0x8,
  homeaddress: 0x10,
  deprecated: 0x20,
  tentative: 0x40,
  permanent: 0x80,
  managetempaddr: 0x100,
  noprefixroute: 0x200,
  mcautojoin: 0x400,
  stablePrivacy: 0x800,
} as const

/** States of neighbour entries (NUD_* of linux/neighbour.h). */
export const NEIGHBOR_STATE = {
  incomplete: 0x1,
  reachable: 0x2,
  stale: 0x4,
  delay: 0x8,
  probe: 0x10,
  failed: 0x20,
  noarp: 0x40,
  permanent: 0x80,
} as const

/** Flags of neighbour entries (NTF_* of linux/neighbour.h). */
export const NEIGHBOR_FLAG = {
  use: 0x1,
  self: 0x2,
  master: 0x4,
  proxy: 0x8,
  extLearned: 0x10,
  offloaded: 0x20,
  sticky: 0x40,
  router: 0x80,
} as const

/** Actions of policy rules (FR_ACT_* of linux/fib_rules.h). */
export const RULE_ACTION = {
  unspec: 0,
  toTable: 1,
  goto: 2,
  nop: 3,
  res3: 4,
  res4: 5,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
} as const
