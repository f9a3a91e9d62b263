import { KEYS } from '../../../build/configuration-keys.js'
import { type Place, partsOf, placeAt } from '../../cni/json-place.js'
import { INNER_KEYS } from '../../cni/network.js'

/** A key that an object has twice: decoders take the last value, and say nothing. */
export interface Duplicate extends Place {
  text: string
}

/** Keys that are read in any case, in lower case. */
const IN_ANY_CASE = new Set(
  [...KEYS.map(({ name }) => name), ...Object.values(INNER_KEYS).flat()].map((name) =>
    name.toLowerCase(),
  ),
)

/**
 * The keys that an object of a JSON document has twice.
 * @param json valid JSON
 * @param locate turns a place in it into one in the file
 */
export function duplicatesIn(json: string, locate: (place: Place) => Place): Duplicate[] {
  const found: Duplicate[] = []
  /** Where the keys of the open objects are, by level. */
  const seen: Map<string, number>[] = []
  for (const { at, path } of partsOf(json)) {
    // What was open further in is closed.
    seen.length = Math.min(seen.length, path.length)
    while (seen.length < path.length) seen.push(new Map())
    const key = path.at(-1)
    if (typeof key !== 'string') continue
    const keys = seen.at(-1)
    const small = key.toLowerCase()
    const name = IN_ANY_CASE.has(small) ? small : key
    const first = keys?.get(name)
    keys?.set(name, at)
    if (first === undefined) continue
    const { line, column } = locate(placeAt(json, first))
    found.push({
      ...locate(placeAt(json, at)),
      text: `the key ${JSON.stringify(key)} is there twice, also in line ${line}, column ${column}; only the last one counts`,
    })
  }
  return found
}
