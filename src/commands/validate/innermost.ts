import { isObject } from '../../cni/network.js'
import type { Path } from './documents.js'

/**
 * Which part makes a value wrong: the item of a list that is wrong alone, or the key of an object
 * without which it would be right.
 * @param isRight the check that the value fails
 * @returns keys and indexes; empty if no part alone makes it wrong
 */
export function innermostFault(value: unknown, isRight: (value: unknown) => boolean): Path {
  if (Array.isArray(value)) {
    const index = value.findIndex((item) => !isRight([item]))
    return index === -1 ? [] : [index, ...innermostFault(value[index], (one) => isRight([one]))]
  }
  if (!isObject(value)) return []
  const key = Object.keys(value).find((one) => {
    const { [one]: _, ...rest } = value
    return isRight(rest)
  })
  if (key === undefined) return []
  return [key, ...innermostFault(value[key], (one) => isRight({ ...value, [key]: one }))]
}
