/** The codec's flags, `{ permanent: true }`, as a list of their names. */
export function flagNames(flags: object): string[] {
  return Object.keys(flags)
}

/** The codec's flags from a list of their names. */
export function flagsNamed<T>(names: string[]): T {
  return Object.fromEntries(names.map((name) => [name, true])) as T
}
