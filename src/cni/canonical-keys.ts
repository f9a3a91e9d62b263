/**
 * Spells keys as they are documented. The CNI library, and with it every Go
 * plugin, takes a key in any mixture of cases, the last of several, and null for a
 * key that is not there.
 * @param names the documented spellings; other keys stay as they are
 */
export function canonicalKeys(
  object: Record<string, unknown>,
  names: string[],
): Record<string, unknown> {
  const spellings = new Map(names.map((name) => [name.toLowerCase(), name]))
  const entries = Object.entries(object)
    .map(([key, value]) => [spellings.get(key.toLowerCase()) ?? key, value] as const)
    .filter(([key, value]) => value !== null || MEANINGFUL_NULLS.includes(key))
  return Object.fromEntries(entries)
}

/** A runtime written in Go says null for an empty list. */
const MEANINGFUL_NULLS = ['cni.dev/valid-attachments']
