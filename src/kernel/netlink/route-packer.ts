import { addressListText, splitPrefix } from '../ip-address.js'
import { nativeAddon } from '../native-addon.js'
import { align, HEADER_BYTES } from './bytes.js'
import type { Datagram } from './message.js'
import { DESTINATION_LENGTH_OFFSET, glimpseAt } from './route-glimpse.js'
import type { PackedRoutes, Route } from './route-schema.js'

/** Fewer routes that are alike stay as they are. */
const FEWEST = 16
/** More kinds of routes are not told apart. */
const MOST_KINDS = 64

/** A route of a dump that is not packed. */
export interface DumpedRoute {
  /** Undefined if it is not decoded. */
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
  like: Route
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

/** Where a message is, and the address of the destination in it. */
type Place = Pick<DumpedRoute, 'datagram' | 'start' | 'end'> & { address: number; size: number }

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
  #kind: Kind | undefined
  /** The message before, which is packed once the next is known to have another destination. */
  readonly #before: Place & { kind: Kind | undefined; entry: DumpedRoute | undefined } = {
    ...{ datagram: { bytes: Buffer.alloc(0), words: new Uint32Array(0) }, start: 0, end: 0 },
    ...{ address: 0, size: 0, kind: undefined, entry: undefined },
  }

  /**
   * @param decode what is kept of a route that is not packed
   * @param mayPack of decoded routes
   */
  constructor(
    private readonly decode: (datagram: Datagram, start: number, end: number) => DumpedRoute,
    private readonly mayPack: (route: Route) => boolean,
  ) {}

  /**
   * Takes the next route of the dump, and those behind it in the datagram that are like it.
   * @returns where the message after them begins
   */
  take(datagram: Datagram, start: number, end: number): number {
    const [kind, before] = [this.#kind, this.#before]
    const at = start - HEADER_BYTES
    const more = kind?.isPacked && before.kind === kind ? differencesOf(kind, datagram, at) : NONE
    if (!kind || more.length === 0) {
      this.#takeOther(datagram, start, end)
      return at + align(end - at)
    }
    this.#packBefore()
    const { size } = kind
    const last = more.length - size
    kind.addresses.push(more.subarray(0, last))
    kind.count += last / size
    const next = at + (more.length / size) * kind.model.length
    before.datagram = datagram
    before.start = next - kind.model.length + HEADER_BYTES
    before.end = next
    before.address = before.start - HEADER_BYTES + kind.from
    before.kind = kind
    before.entry = undefined
    return next
  }

  /** How many routes are alike so far, or may be. */
  get count(): number {
    return this.#kinds.reduce((sum, { count }) => sum + count, 0)
  }

  /** What was packed, once all was taken. */
  packed(): PackedRoutes[] {
    this.#packBefore()
    return this.#kinds
      .filter(({ isPacked }) => isPacked)
      .map(({ like, addresses: parts }) => {
        const addresses = addressListText(Buffer.concat(parts), like.family)
        const { length } = splitPrefix(like.destination)
        const [first] = addresses.split(' ', 1)
        return { like: { ...like, destination: `${first}/${length}` }, addresses }
      })
  }

  /** What was not packed, once `packed` was called. */
  rest(): DumpedRoute[] {
    return this.dumped.filter(({ kind }) => !kind?.isPacked)
  }

  #takeOther(datagram: Datagram, start: number, end: number): void {
    const { destinationStart, destinationEnd } = glimpseAt(datagram, start, end)
    const size = destinationEnd - destinationStart
    const place = { datagram, start, end, address: destinationStart, size }
    const isShared = leadToTheSame(this.#before, place)
    if (isShared) this.#leaveBefore()
    else this.#packBefore()
    const isLike = (kind: Kind) => differencesOf(kind, datagram, start - HEADER_BYTES).length > 0
    let kind = isShared ? undefined : this.#kinds.find(isLike)
    let entry: DumpedRoute | undefined
    if (!kind?.isPacked) {
      entry = this.decode(datagram, start, end)
      this.dumped.push(entry)
      if (!isShared && size > 0) kind ??= this.#newKind(entry, place)
      entry.kind = kind
    }
    this.#kind = kind
    Object.assign(this.#before, place, { kind, entry })
  }

  #newKind(
    { route }: DumpedRoute,
    { datagram, start, end, address, size }: Place,
  ): Kind | undefined {
    const at = start - HEADER_BYTES
    const isWhole = align(end - at) === end - at
    if (!route || !isWhole || this.#kinds.length === MOST_KINDS) return undefined
    if (!this.mayPack(route)) return undefined
    const kind: Kind = {
      like: route,
      model: Buffer.from(datagram.bytes.subarray(at, end)),
      from: address - at,
      size,
      addresses: [],
      count: 0,
      isPacked: false,
    }
    this.#kinds.push(kind)
    return kind
  }

  #packBefore(): void {
    const { datagram, address, kind } = this.#before
    if (!kind) return
    // A copy: of the datagram, nothing else is kept.
    kind.addresses.push(Buffer.from(datagram.bytes.subarray(address, address + kind.size)))
    kind.count++
    kind.isPacked = kind.count >= FEWEST
    this.#before.kind = undefined
  }

  /** Another route has the destination of the message before. */
  #leaveBefore(): void {
    const { datagram, start, end, kind, entry } = this.#before
    if (entry) entry.kind = undefined
    else if (kind) this.dumped.push(this.decode(datagram, start, end))
    this.#before.kind = undefined
  }
}

const NONE = Buffer.alloc(0)

/** The addresses of the messages from `at` on that differ in nothing else from those of a kind. */
function differencesOf({ model, from, size }: Kind, { bytes }: Datagram, at: number): Buffer {
  return nativeAddon().differences(bytes, at, model, from, size)
}

/** Whether two routes of one family have the same destination. */
function leadToTheSame(one: Place, other: Place): boolean {
  const address = ({ datagram, address: at, size }: Place) => datagram.bytes.subarray(at, at + size)
  const length = ({ datagram, start }: Place) => datagram.bytes[start + DESTINATION_LENGTH_OFFSET]
  return (
    one.size > 0 &&
    one.size === other.size &&
    length(one) === length(other) &&
    address(one).equals(address(other))
  )
}
