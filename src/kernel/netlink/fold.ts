/**
 * Dumps objects of one kind and handles each as it comes, so that no more of them is in memory than
 * is kept: in a pod's namespace the pod decides how many there are.
 * @param begin makes the result, as it is before the first object. It is called again where the
 *   kernel interrupted the dump, which then begins again
 * @param take adds an object to the result, if it is wanted
 */
export type Fold<T> = <R>(begin: () => R, take: (result: R, value: T) => void) => R

/** All objects of a dump, in the kernel's order. */
export function collect<T>(fold: Fold<T>): T[] {
  return fold(
    () => [] as T[],
    (all, value) => void all.push(value),
  )
}

/**
 * The wanted objects of which the kernel has none with the same key. It takes no more memory than
 * the wanted ones.
 */
export function lacking<T>(wanted: T[], key: (value: T) => string, fold: Fold<T>): T[] {
  if (wanted.length === 0) return []
  const keys = wanted.map(key)
  const absent = fold(
    () => new Set(keys),
    (left, value) => void left.delete(key(value)),
  )
  return wanted.filter((_, n) => absent.has(keys[n] as string))
}
