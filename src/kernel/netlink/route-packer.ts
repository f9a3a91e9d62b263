import { addressListText, splitPrefix } from '../ip-address.js'
import { nativeAddon } from '../native-addon.js'
import { align, HEADER_BYTES, wordsOf } from './bytes.js'
import type { Datagram } from './message.js'
import { decodeRoute } from './route.js'
import { DESTINATION_LENGTH_OFFSET, type Glimpse, glimpseAt } from './route-glimpse.js'
import type { PackedRoutes, Route } from './route-schema.js'

/** Fewer routes that are alike stay as they are. */
const FEWEST = 16
/** More kinds of routes are not told apart. */
const MOST_KINDS = 64

/** A route of a dump that is not packed. */
export interface DumpedRoute {
  /** Undefined if it is of no concern. */
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

/** Routes whose messages differ in nothing but the address of the destination. */
interface Kind {
  /** Undefined if they are of no concern: then one of them is dumped, and the others are dropped. */
  like: Route | undefined
  /** What has the first one's message, with its header: where, and its length. */
  datagram: Datagram
  at: number
  length: number
  /** Where in the message the address is. */
  from: number
  size: number
  /** The addresses, some at a time. */
  addresses: Buffer[]
  /** Of so many routes. */
  count: number
  isPacked: boolean
}

/** What is asked of each route. */
interface Questions {
  /** Whether a route has to be decoded. Of the others those are kept that share a destination. */
  isOfConcern: (seen: Glimpse) => boolean
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
export function routePacker({ isOfConcern, mayPack }: Questions): RoutePacker {
  const dumped: DumpedRoute[] = []
  const kinds: Kind[] = []
  /** The last kind that is of no concern: a host may have as many as it has devices. */
  const other = newKind(undefined, NONE)
  /** Of the route before: it belongs to its kind once the next is known to have another destination. */
  let lastKind: Kind | undefined
  /** Undefined if it is packed, or dropped. */
  let lastEntry: DumpedRoute | undefined
  /** Where its message is, and the address of its destination. */
  let lastDatagram = NONE
  let lastStart = 0
  let lastEnd = 0
  let lastAddress = 0
  let lastSize = 0
  let lastDevice: number | undefined

  function take(datagram: Datagram, start: number, end: number): number {
    const kind = lastKind
    const at = start - HEADER_BYTES
    const more = kind?.isPacked ? differencesOf(kind, datagram, at) : undefined
    if (!kind || !more) {
      takeOther(datagram, start, end)
      return at + align(end - at)
    }
    const { size, length } = kind
    packLast()
    const last = more.length - size
    if (kind.like) kind.addresses.push(more.subarray(0, last))
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

  function takeOther(datagram: Datagram, start: number, end: number): void {
    const seen = glimpseAt(datagram, start, end)
    const address = seen.destinationStart
    const size = seen.destinationEnd - address
    const isShared = isDestinationOfLast(datagram, start, address, size)
    // Default routes have no destination that could be compared.
    const mayBeLike = !isShared && size > 0
    const { destination, device } = seen
    // What is like one of concern is of concern, too.
    const isOne =
      isOfConcern(seen) ||
      (lastKind?.like !== undefined &&
        differencesOf(lastKind, datagram, start - HEADER_BYTES) !== undefined)
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
    } else if (device === lastDevice) kind = otherKind(datagram, start, end, address, size)
    lastDevice = device
    lastKind = kind
    lastEntry = entry
    lastDatagram = datagram
    lastStart = start
    lastEnd = end
    lastAddress = address
    lastSize = size
  }

  function knownKind(datagram: Datagram, start: number): Kind | undefined {
    for (let n = 0; n < kinds.length; n++)
      if (differencesOf(kinds[n] as Kind, datagram, start - HEADER_BYTES)) return kinds[n]
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

  function otherKind(
    datagram: Datagram,
    start: number,
    end: number,
    address: number,
    size: number,
  ): Kind | undefined {
    const at = start - HEADER_BYTES
    const length = end - at
    if (align(length) !== length) return undefined
    other.datagram = datagram
    other.at = at
    other.length = length
    other.from = address - at
    other.size = size
    return other
  }

  function kindOf(
    { route, datagram, start, end }: DumpedRoute,
    address: number,
    size: number,
  ): Kind | undefined {
    const at = start - HEADER_BYTES
    const isWhole = align(end - at) === end - at
    if (!route || !isWhole || kinds.length === MOST_KINDS || !mayPack(route)) return undefined
    // A copy: of the datagram, nothing else is kept.
    const bytes = Buffer.from(datagram.bytes.subarray(at, end))
    const kind = newKind(route, { bytes, words: wordsOf(bytes) })
    kind.from = address - at
    kind.size = size
    kinds.push(kind)
    return kind
  }

  function packLast(): void {
    const kind = lastKind
    lastKind = undefined
    if (!kind?.like) return
    // A copy, as above.
    const address = lastDatagram.bytes.subarray(lastAddress, lastAddress + kind.size)
    kind.addresses.push(Buffer.from(address))
    kind.count++
    kind.isPacked = kind.count >= FEWEST
  }

  /** Another route has the destination of the route before. */
  function leaveLast(): void {
    if (lastEntry) lastEntry.kind = undefined
    else {
      const seen = glimpseAt(lastDatagram, lastStart, lastEnd)
      dump(lastDatagram, lastStart, lastEnd, seen.destination, isOfConcern(seen))
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
        if (!like || !isPacked) return []
        const addresses = addressListText(Buffer.concat(parts), like.family)
        const { length } = splitPrefix(like.destination)
        const [first] = addresses.split(' ', 1)
        return { like: { ...like, destination: `${first}/${length}` }, addresses }
      })
    },
    rest: () => dumped.filter(({ kind }) => !(kind?.like && kind.isPacked)),
  }
}

function newKind(like: Route | undefined, datagram: Datagram): Kind {
  return {
    like,
    datagram,
    at: 0,
    length: datagram.bytes.length,
    from: 0,
    size: 0,
    addresses: [],
    count: 0,
    // Of those that are of no concern, none is kept.
    isPacked: like === undefined,
  }
}

/** Where struct rtmsg begins in a message, in words. */
const FIXED_WORD = HEADER_BYTES >> 2

/** The addresses of the messages from `at` on that differ in nothing else from those of a kind. */
function differencesOf(kind: Kind, { bytes, words }: Datagram, at: number): Buffer | undefined {
  const theirs = kind.datagram.words
  const first = kind.at >> 2
  const own = at >> 2
  // What tells most kinds apart: the length of the message, and struct rtmsg.
  const isAlike =
    words[own] === theirs[first] &&
    words[own + FIXED_WORD] === theirs[first + FIXED_WORD] &&
    words[own + FIXED_WORD + 1] === theirs[first + FIXED_WORD + 1]
  if (!isAlike) return undefined
  const model = kind.datagram.bytes.subarray(kind.at, kind.at + kind.length)
  return nativeAddon().differences(bytes, at, model, kind.from, kind.size)
}
