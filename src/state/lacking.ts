/** A dump of objects, each handled as it comes; the parameters are those of `foldRoutes`. */
type Fold<T> = (
  begin: () => Set<string>,
  take: (result: Set<string>, value: T) => void,
) => Set<string>

/**
 * The wanted objects of which the kernel has none with the same key. It takes no more memory than
 * the wanted ones: in a sandbox the pod decides how many there are.
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
