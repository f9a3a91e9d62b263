import { addressListText, splitPrefix } from '../ip-address.js'
import { nativeAddon } from '../native-addon.js'
import { align, HEADER_BYTES } from './bytes.js'
import type { Datagram } from './message.js'
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
  kind?: Kind | undefined
}

/** Routes whose messages differ in nothing but the address of the destination. */
interface Kind {
  /** Undefined if they are of no concern: then one of them is dumped, and the others are dropped. */
  like: Route | undefined
  /** The first one's message, with its header. */
  model: Buffer
  /** Where in it the address is. */
  from: number
  size: number
  /** The addresses, some at a time. */
  addresses: Buffer[]
  /** Of so many routes. */
  count: number
  isPacked: boolean
}

/** What is kept of a route that is not packed; what was seen of it is only valid meanwhile. */
export type Decode = (datagram: Datagram, start: number, end: number, seen: Glimpse) => DumpedRoute

/**
 * Packs routes while they are dumped. Of ten thousands, most are alike: to see that is much less work
 * than to decode each of them, and to handle it later.
 *
 * Routes that share a destination are not packed, as their order counts, and that with the routes of
 * other devices. The kernel lists them one after the other.
 */
export class RoutePacker {
  readonly dumped: DumpedRoute[] = []
  readonly #kinds: Kind[] = []
  /** That of the route before, which belongs to it once the next is known to have another destination. */
  #kind: Kind | undefined
  /** Where the message of the route before is, and the address of its destination. */
  #datagram: Datagram = { bytes: Buffer.alloc(0), words: new Uint32Array(0) }
  #start = 0
  #end = 0
  #address = 0
  #size = 0
  /** Undefined if it is packed or dropped. */
  #entry: DumpedRoute | undefined

  /** @param mayPack of decoded routes */
  constructor(
    private readonly decode: Decode,
    private readonly mayPack: (route: Route) => boolean,
  ) {}

  /**
   * Takes the next route of the dump, and those behind it in the datagram that are like it.
   * @returns where the message after them begins
   */
  take(datagram: Datagram, start: number, end: number): number {
    const kind = this.#kind
    const at = start - HEADER_BYTES
    const more = kind?.isPacked ? differencesOf(kind, datagram, at) : undefined
    if (!kind || !more) {
      this.#takeOther(datagram, start, end)
      return at + align(end - at)
    }
    const { size, model } = kind
    this.#packBefore()
    const last = more.length - size
    if (kind.like) kind.addresses.push(more.subarray(0, last))
    kind.count += last / size
    const next = at + (more.length / size) * model.length
    const begin = next - model.length
    this.#remember(datagram, begin + HEADER_BYTES, next, begin + kind.from, size)
    this.#kind = kind
    this.#entry = undefined
    return next
  }

  /** How many routes are alike so far, or may be. */
  get count(): number {
    return this.#kinds.reduce((sum, { count }) => sum + count, 0)
  }

  /** What was packed, once all was taken. */
  packed(): PackedRoutes[] {
    this.#packBefore()
    return this.#kinds.flatMap(({ like, addresses: parts, isPacked }) => {
      if (!like || !isPacked) return []
      const addresses = addressListText(Buffer.concat(parts), like.family)
      const { length } = splitPrefix(like.destination)
      const [first] = addresses.split(' ', 1)
      return { like: { ...like, destination: `${first}/${length}` }, addresses }
    })
  }

  /** What was not packed, once `packed` was called. */
  rest(): DumpedRoute[] {
    return this.dumped.filter(({ kind }) => !(kind?.like && kind.isPacked))
  }

  #takeOther(datagram: Datagram, start: number, end: number): void {
    const seen = glimpseAt(datagram, start, end)
    const { destinationStart: address, destinationEnd } = seen
    const size = destinationEnd - address
    const isShared = this.#hasDestinationAt(datagram, start, address, size)
    const isLike = (kind: Kind) => differencesOf(kind, datagram, start - HEADER_BYTES) !== undefined
    const mayBeLike = !isShared && size > 0 && this.#kinds.length > 0
    let kind = mayBeLike ? this.#kinds.find(isLike) : undefined
    const entry = kind?.isPacked ? undefined : this.decode(datagram, start, end, seen)
    if (isShared) this.#leaveBefore()
    else this.#packBefore()
    if (entry) {
      this.dumped.push(entry)
      if (!isShared && size > 0) kind ??= this.#newKind(entry, address, size)
      entry.kind = kind
    }
    this.#remember(datagram, start, end, address, size)
    this.#kind = kind
    this.#entry = entry
  }

  #newKind(entry: DumpedRoute, address: number, size: number): Kind | undefined {
    const { route, datagram, start, end } = entry
    const at = start - HEADER_BYTES
    const isWhole = align(end - at) === end - at
    if (!isWhole || (route && (this.#kinds.length === MOST_KINDS || !this.mayPack(route))))
      return undefined
    const message = datagram.bytes.subarray(at, end)
    const kind: Kind = {
      ...{ like: route, model: route ? Buffer.from(message) : message },
      ...{ from: address - at, size, addresses: [], count: 0, isPacked: route === undefined },
    }
    // A host may have as many other kinds as it has devices: only what follows on them is dropped.
    if (route) this.#kinds.push(kind)
    return kind
  }

  #remember(datagram: Datagram, start: number, end: number, address: number, size: number): void {
    this.#datagram = datagram
    this.#start = start
    this.#end = end
    this.#address = address
    this.#size = size
  }

  #packBefore(): void {
    const kind = this.#kind
    this.#kind = undefined
    if (!kind?.like) return
    // A copy: of the datagram, nothing else is kept.
    const address = this.#datagram.bytes.subarray(this.#address, this.#address + kind.size)
    kind.addresses.push(Buffer.from(address))
    kind.count++
    kind.isPacked = kind.count >= FEWEST
  }

  /** Another route has the destination of the route before. */
  #leaveBefore(): void {
    const [datagram, start, end] = [this.#datagram, this.#start, this.#end]
    if (this.#entry) this.#entry.kind = undefined
    else if (this.#kind)
      this.dumped.push(this.decode(datagram, start, end, glimpseAt(datagram, start, end)))
    this.#kind = undefined
  }

  /** Whether the route before has the destination that is at an address of a datagram. */
  #hasDestinationAt(datagram: Datagram, start: number, address: number, size: number): boolean {
    if (size !== this.#size || size === 0) return false
    const { bytes, words } = this.#datagram
    const at = DESTINATION_LENGTH_OFFSET
    if (bytes[this.#start + at] !== datagram.bytes[start + at]) return false
    const [ours, theirs] = [this.#address >> 2, address >> 2]
    for (let n = 0; n < size >> 2; n++)
      if (words[ours + n] !== datagram.words[theirs + n]) return false
    return true
  }
}

/** The addresses of the messages from `at` on that differ in nothing else from those of a kind. */
function differencesOf(
  { model, from, size }: Kind,
  { bytes, words }: Datagram,
  at: number,
): Buffer | undefined {
  // It begins with its length.
  if (words[at >> 2] !== model.length) return undefined
  return nativeAddon().differences(bytes, at, model, from, size)
}
