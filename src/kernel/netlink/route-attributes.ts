/** Route attributes (linux/rtnetlink.h). */
export const RTA = {
  dst: 1,
  src: 2,
  oif: 4,
  gateway: 5,
  priority: 6,
  prefsrc: 7,
  metrics: 8,
  multipath: 9,
  flow: 11,
  cacheInfo: 12,
  table: 15,
  via: 18,
  newDst: 19,
  preference: 20,
  encapType: 21,
  encap: 22,
  expires: 23,
  nexthopObject: 30,
} as const

/** The flag of a hop whose gateway is reachable even where no route says so. */
export const RTNH_F_ONLINK = 4
