import { addressText } from '../ip-address.js'
import { readU8 } from './bytes.js'
import type { Datagram } from './message.js'
import { decodeRoute } from './route.js'
import { DESTINATION_LENGTH_OFFSET, type Glimpse } from './route-glimpse.js'
import type { Route } from './route-schema.js'

/** More kinds of routes than this are not remembered. */
const MOST_KINDS = 1000

/**
 * Decodes the routes of a table. In a large one, most routes differ in their destination only: what
 * they have in common is decoded once.
 */
export function routeDecoder() {
  const kinds = new Map<string, Route>()
  return (
    { bytes }: Datagram,
    start: number,
    end: number,
    { destinationStart, destinationEnd }: Glimpse,
  ): Route | undefined => {
    const decode = () => decodeRoute({ data: bytes.subarray(start, end) })
    if (destinationEnd === 0) return decode()
    const kind =
      bytes.toString('hex', start, destinationStart) + bytes.toString('hex', destinationEnd, end)
    const alike = kinds.get(kind)
    if (!alike) {
      const route = decode()
      if (route && kinds.size < MOST_KINDS) kinds.set(kind, route)
      return route
    }
    const address = addressText(bytes.subarray(destinationStart, destinationEnd))
    const length = readU8(bytes, start + DESTINATION_LENGTH_OFFSET)
    return { ...alike, destination: `${address}/${length}` }
  }
}
