import {
  __LENGTH_Neighbor,
  formatNeighbor,
  type NeighborFlags,
  type NeighborState,
  parseNeighbor,
} from 'netlink/dist/rt/gen_structs'
import { hardwareAddressBytes, hardwareAddressText } from '../hardware-address.js'
import { addressBytes, addressText, familyNumber, familyOf } from '../ip-address.js'
import type { Neighbor } from '../objects/neighbor.js'
import { bytes, decodeAttributes, keepOpaque, opaqueAttributes, u32 } from './attributes.js'
import { flagNames, flagsNamed } from './flag-names.js'
import { Flag, MessageType, type Request } from './request.js'
import type { RouteSocket } from './route-socket.js'

/** Neighbour attributes (linux/neighbour.h). */
const NDA = {
  destination: 1,
  hardwareAddress: 2,
  cacheInfo: 3,
  probes: 4,
  ifindex: 8,
} as const

/** The kernel's own findings, which cannot be asked for. */
const FINDINGS: number[] = [NDA.cacheInfo, NDA.probes]

/** The entries of a device, of both families, those it answers for as a proxy included. */
export function dumpNeighbors(socket: RouteSocket, index: number): Neighbor[] {
  const dump = (flags: NeighborFlags) =>
    socket.dump({
      type: MessageType.GETNEIGH,
      header: formatNeighbor({ flags }),
      attributes: [u32(NDA.ifindex, index)],
    })
  // The kernel lists the two kinds apart.
  return [...dump({}), ...dump({ proxy: true })]
    .filter(({ data }) => parseNeighbor(data.subarray(0, __LENGTH_Neighbor)).ifindex === index)
    .map(({ data }) => decodeNeighbor(data))
    .filter((neighbor) => neighbor !== undefined)
}

/** A request that adds an entry to a device, or changes the one that is there. */
export function newNeighborRequest(neighbor: Neighbor, index: number): Request {
  const attributes = [bytes(NDA.destination, addressBytes(neighbor.address))]
  if (neighbor.hardwareAddress !== undefined)
    attributes.push(bytes(NDA.hardwareAddress, hardwareAddressBytes(neighbor.hardwareAddress)))
  return {
    type: MessageType.NEWNEIGH,
    flags: Flag.create | Flag.replace,
    header: formatNeighbor({
      family: familyNumber(neighbor.family),
      ifindex: index,
      state: flagsNamed<NeighborState>(neighbor.state),
      flags: flagsNamed<NeighborFlags>(neighbor.flags),
    }),
    attributes: attributes.concat(opaqueAttributes(neighbor)),
  }
}

/** Undefined for a family that is not IP. */
export function decodeNeighbor(data: Buffer): Neighbor | undefined {
  const fixed = parseNeighbor(data.subarray(0, __LENGTH_Neighbor))
  const family = familyOf(fixed.family)
  if (family === undefined) return undefined
  const neighbor: Neighbor = {
    family,
    address: '',
    state: flagNames(fixed.state ?? {}),
    flags: flagNames(fixed.flags ?? {}),
  }
  for (const attribute of decodeAttributes(data.subarray(__LENGTH_Neighbor))) {
    const value = attribute.data
    if (attribute.type === NDA.destination) neighbor.address = addressText(value)
    else if (attribute.type === NDA.hardwareAddress)
      neighbor.hardwareAddress = hardwareAddressText(value)
    else if (!FINDINGS.includes(attribute.type)) keepOpaque(neighbor, attribute)
  }
  return neighbor
}
