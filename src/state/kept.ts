/** What is kept of a pod's objects, which may be very many. */
export interface Kept<T> {
  values: T[]
  /** How many bytes of requests there is room for yet. */
  room: number
  /** How many objects had no room. */
  omitted: number
}

/** The room that requests of all that is kept take: with as many removals they fit one datagram. */
export const MOST_BYTES = 48 * 1024

export function noneKept<T>(): Kept<T> {
  return { values: [], room: MOST_BYTES, omitted: 0 }
}

/** @param bytes the length of the request that adds the object */
export function keep<T>(kept: Kept<T>, value: T, bytes: (value: T) => number): void {
  // Once there is no room, none of the objects that come is looked at any more.
  if (kept.room > 0) kept.room -= bytes(value)
  if (kept.room > 0) kept.values.push(value)
  else kept.omitted++
}
