import { addressBytesIn, addressText, familyNumber, familyOf } from '../ip-address.js'
import {
  bytes,
  decodeAttributes,
  keepOpaque,
  opaqueAttributes,
  optional,
  present,
  u32,
} from './attributes.js'
import {
  hardwareAddressBytes,
  hardwareAddressText,
  readS32,
  readU8,
  readU16,
  writeS32,
  writeU16,
} from './bytes.js'
import { NEIGHBOR_FLAG, RTM } from './constants.js'
import { collect, type Fold } from './fold.js'
import { Flag, type Payload, type Request } from './message.js'
import type { Neighbor } from './neighbor-schema.js'
import type { NetlinkSocket } from './netlink-socket.js'

/** Attributes of a neighbour (NDA_* of linux/neighbour.h). */
const NDA = {
  destination: 1,
  hardwareAddress: 2,
  cacheInfo: 3,
  probes: 4,
  ifindex: 8,
} as const

/** Attributes that the kernel reports but does not accept. */
const FINDINGS: number[] = [NDA.cacheInfo, NDA.probes]

/** struct ndmsg: its size, and the offsets of its fields. */
const FIXED_BYTES = 12
const OFFSET = { family: 0, index: 4, state: 8, flags: 10 } as const

/** Neighbour entries of a device, both families, including proxy entries. */
export function dumpNeighbors(socket: NetlinkSocket, index: number): Neighbor[] {
  return collect(foldNeighbors(socket, index))
}

/** The same, each handled as it comes. */
export function foldNeighbors(socket: NetlinkSocket, index: number): Fold<Neighbor> {
  // Proxy entries need a dump of their own (NTF_PROXY).
  const requests = [0, NEIGHBOR_FLAG.proxy].map((flags) => ({
    type: RTM.getNeighbor,
    header: fixedPart({ flags }, 0),
    attributes: [u32(NDA.ifindex, index)],
  }))
  return (begin, take) =>
    socket.fold(requests, begin, (result, { bytes }, start, end) => {
      const data = bytes.subarray(start, end)
      const neighbor = readS32(data, OFFSET.index) === index ? decodeNeighbor({ data }) : undefined
      if (neighbor) take(result, neighbor)
    })
}

/** Request to add an entry to a device, or change the existing one. */
export function newNeighborRequest(neighbor: Neighbor, index: number): Request {
  const { family, address, hardwareAddress } = neighbor
  return {
    type: RTM.newNeighbor,
    flags: Flag.create | Flag.replace,
    header: fixedPart(neighbor, index),
    attributes: [
      ...present([
        bytes(NDA.destination, addressBytesIn(family, address)),
        optional(hardwareAddress, (text) => bytes(NDA.hardwareAddress, hardwareAddressBytes(text))),
      ]),
      ...opaqueAttributes(neighbor),
    ],
  }
}

/** Undefined if the family is not IP. */
export function decodeNeighbor({ data }: Payload): Neighbor | undefined {
  const family = familyOf(readU8(data, OFFSET.family))
  if (family === undefined) return undefined
  const neighbor: Neighbor = {
    family,
    address: '',
    state: readU16(data, OFFSET.state),
    flags: readU8(data, OFFSET.flags),
  }
  for (const attribute of decodeAttributes(data.subarray(FIXED_BYTES))) {
    const value = attribute.data
    if (attribute.type === NDA.destination) neighbor.address = addressText(value)
    else if (attribute.type === NDA.hardwareAddress)
      neighbor.hardwareAddress = hardwareAddressText(value)
    else if (!FINDINGS.includes(attribute.type)) keepOpaque(neighbor, attribute)
  }
  return neighbor
}

function fixedPart({ family, state = 0, flags = 0 }: Partial<Neighbor>, index: number): Buffer {
  const header = Buffer.alloc(FIXED_BYTES)
  header[OFFSET.family] = family ? familyNumber(family) : 0
  writeS32(header, index, OFFSET.index)
  writeU16(header, state, OFFSET.state)
  header[OFFSET.flags] = flags
  return header
}
