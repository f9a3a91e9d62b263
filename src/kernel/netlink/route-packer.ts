import { addressListText, splitPrefix } from '../ip-address.js'
import { nativeAddon } from '../native-addon.js'
import { align, HEADER_BYTES } from './bytes.js'
import type { Datagram } from './message.js'
import { decodeRoute } from './route.js'
import { DESTINATION_LENGTH_OFFSET, glimpseAt } from './route-glimpse.js'
import { addressesLike, type Kind, newKind } from './route-kind.js'
import type { PackedRoutes, Route } from './route-schema.js'

/** Fewer routes that are alike stay as they are. */
const FEWEST = 16
/** More kinds of routes are not told apart. */
const MOST_KINDS = 64

/** A route of a dump that is not packed. */
export interface DumpedRoute {
  /** Undefined if it is not wanted. */
  route: Route | undefined
  /** The digest of its destination. */
  destination: number
  /** Where its message is. */
  datagram: Datagram
  start: number
  end: number
  /** With which it is packed, once there are enough of these. */
  kind: Kind | undefined
}

/** What is asked of each route. */
interface Questions {
  /**
   * Which routes are wanted, as attributes (see `passRoutes` of the native addon), besides those that
   * are like one which is. Of the others, those of the same destinations are kept.
   */
  wanted: Buffer
  /** Whether a decoded route may be packed. */
  mayPack: (route: Route) => boolean
}

const NONE: Datagram = { bytes: Buffer.alloc(0), words: new Uint32Array(0) }

/** What packs the routes of a dump. */
export interface RoutePacker {
  /**
   * Takes the next route of the dump, and those behind it in the datagram that are like it.
   * @returns where the message after them begins
   */
  take: (datagram: Datagram, start: number, end: number) => number
  /** How many routes are alike so far, or may be. */
  count: () => number
  /** Forgets what is not packed so far. */
  forgetRest: () => void
  /** What was packed, once all was taken. */
  packed: () => PackedRoutes[]
  /** What was not packed, once `packed` was called. */
  rest: () => DumpedRoute[]
}

/**
 * Packs routes while they are dumped. Of ten thousands, most are alike: to see that is much less work
 * than to decode each of them, and to handle it later.
 *
 * Routes that share a destination are not packed, as their order counts, and that with the routes of
 * other devices. The kernel lists them one after the other.
 *
 * It is a function and no class: the engine finds a variable at once, but looks for a member by its
 * name, and there are some for each of hundreds of routes.
 */
export function routePacker({ wanted, mayPack }: Questions): RoutePacker {
  const { passRoutes, isWantedRoute } = nativeAddon()
  const dumped: DumpedRoute[] = []
  const kinds: Kind[] = []
  /** Of the route before: it belongs to its kind once the next is known to have another destination. */
  let lastKind: Kind | undefined
  /** Undefined if it is packed, or not wanted. */
  let lastEntry: DumpedRoute | undefined
  /** Where its message is, and the address of its destination. */
  let lastDatagram = NONE
  let lastStart = 0
  let lastEnd = 0
  let lastAddress = 0
  let lastSize = 0

  function take(datagram: Datagram, start: number, end: number): number {
    const at = start - HEADER_BYTES
    const kind = lastKind
    const more = kind && addressesLike(kind, datagram, at)
    if (kind?.isPacked && more) return takePacked(kind, datagram, at, more)
    if (more || datagram !== lastDatagram)
      return takeOther(datagram, start, end, more !== undefined)
    const next = passRoutes(datagram.bytes, lastStart - HEADER_BYTES, at, wanted)
    if (next === at) return takeOther(datagram, start, end, false)
    packLast()
    // What was passed by does not have the destination of the next route.
    lastSize = 0
    const length = datagram.words[next >> 2] as number
    return takeOther(datagram, next + HEADER_BYTES, next + length, false)
  }

  function takePacked(kind: Kind, datagram: Datagram, at: number, more: Buffer): number {
    const { size, model } = kind
    const length = model.bytes.length
    packLast()
    const last = more.length - size
    kind.addresses.push(more.subarray(0, last))
    kind.count += last / size
    const next = at + (more.length / size) * length
    lastKind = kind
    lastEntry = undefined
    lastDatagram = datagram
    lastStart = next - length + HEADER_BYTES
    lastEnd = next
    lastAddress = next - length + kind.from
    lastSize = size
    return next
  }

  function takeOther(datagram: Datagram, start: number, end: number, isLikeLast: boolean): number {
    const at = start - HEADER_BYTES
    const seen = glimpseAt(datagram, start, end)
    const { destination, destinationStart: address } = seen
    const size = seen.destinationEnd - address
    const isShared = isDestinationOfLast(datagram, start, address, size)
    // Default routes have no destination that could be compared.
    const mayBeLike = !isShared && size > 0
    const isOne = isLikeLast || isWantedRoute(datagram.bytes, at, wanted)
    if (isShared) leaveLast()
    else packLast()
    let kind: Kind | undefined
    let entry: DumpedRoute | undefined
    if (isOne || !mayBeLike) {
      if (mayBeLike) kind = knownKind(datagram, start)
      if (!kind?.isPacked) {
        entry = dump(datagram, start, end, destination, isOne)
        if (mayBeLike) kind ??= kindOf(entry, address, size)
        entry.kind = kind
      }
    }
    lastKind = kind
    lastEntry = entry
    lastDatagram = datagram
    lastStart = start
    lastEnd = end
    lastAddress = address
    lastSize = size
    return at + align(end - at)
  }

  function knownKind(datagram: Datagram, start: number): Kind | undefined {
    for (let n = 0; n < kinds.length; n++)
      if (addressesLike(kinds[n] as Kind, datagram, start - HEADER_BYTES)) return kinds[n]
    return undefined
  }

  function dump(
    datagram: Datagram,
    start: number,
    end: number,
    destination: number,
    isOne: boolean,
  ): DumpedRoute {
    const data = isOne ? datagram.bytes.subarray(start, end) : undefined
    const route = data && decodeRoute({ data })
    const entry: DumpedRoute = { route, destination, datagram, start, end, kind: undefined }
    dumped.push(entry)
    return entry
  }

  function kindOf(
    { route, datagram, start, end }: DumpedRoute,
    address: number,
    size: number,
  ): Kind | undefined {
    const at = start - HEADER_BYTES
    const isWhole = align(end - at) === end - at
    if (!route || !isWhole || kinds.length === MOST_KINDS || !mayPack(route)) return undefined
    const kind = newKind(route, datagram.bytes.subarray(at, end), address - at, size)
    kinds.push(kind)
    return kind
  }

  function packLast(): void {
    const kind = lastKind
    lastKind = undefined
    if (!kind) return
    // A copy: of the datagram, nothing else is kept.
    const address = lastDatagram.bytes.subarray(lastAddress, lastAddress + kind.size)
    kind.addresses.push(Buffer.from(address))
    kind.count++
    kind.isPacked = kind.count >= FEWEST
  }

  /** Another route has the destination of the route before. */
  function leaveLast(): void {
    if (lastEntry) lastEntry.kind = undefined
    else {
      const { destination } = glimpseAt(lastDatagram, lastStart, lastEnd)
      const isOne = isWantedRoute(lastDatagram.bytes, lastStart - HEADER_BYTES, wanted)
      dump(lastDatagram, lastStart, lastEnd, destination, isOne)
    }
    lastKind = undefined
  }

  /** Whether the route before has the destination that is at an address of a datagram. */
  function isDestinationOfLast(
    { bytes, words }: Datagram,
    start: number,
    address: number,
    size: number,
  ): boolean {
    if (size !== lastSize || size === 0) return false
    const at = DESTINATION_LENGTH_OFFSET
    if (bytes[start + at] !== lastDatagram.bytes[lastStart + at]) return false
    const ours = lastAddress >> 2
    const theirs = address >> 2
    for (let n = 0; n < size >> 2; n++)
      if (words[theirs + n] !== lastDatagram.words[ours + n]) return false
    return true
  }

  return {
    take,
    count: () => kinds.reduce((sum, { count }) => sum + count, 0),
    forgetRest: () => {
      dumped.length = 0
    },
    packed: () => {
      packLast()
      return kinds.flatMap(({ like, addresses: parts, isPacked }) => {
        if (!isPacked) return []
        const addresses = addressListText(Buffer.concat(parts), like.family)
        const { length } = splitPrefix(like.destination)
        const [first] = addresses.split(' ', 1)
        return { like: { ...like, destination: `${first}/${length}` }, addresses }
      })
    },
    rest: () => dumped.filter(({ kind }) => !kind?.isPacked),
  }
}
