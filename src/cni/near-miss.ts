import { distance } from 'fastest-levenshtein'
import { KEYS } from '../../build/configuration-keys.js'

/** The key that is one letter away from an unknown one: it may be a slip of the finger. */
export function nearMiss(key: string): string | undefined {
  const differsByOne = (name: string) => distance(key.toLowerCase(), name.toLowerCase()) === 1
  return KEYS.map(({ name }) => name).find(differsByOne)
}
