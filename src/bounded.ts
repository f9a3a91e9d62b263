/** Maximum number of entries in a message: an operator has to see the end of a pod's event. */
const MOST_ENTRIES = 20

/** A message and details of this length are together less than 64 KiB, whatever their characters. */
const MOST_CHARACTERS = 10_000

/** A list as it is in an error or in the log: its first entries, and how many more there are. */
export function bounded(entries: string[], most = MOST_ENTRIES): string[] {
  const more = entries.length - most
  return more > 0 ? [...entries.slice(0, most), `and ${more} more`] : entries
}

/** A text as it is in an error. Others' texts may have any length, such as an IPAM plugin's. */
export function cut(text: string): string {
  const more = text.length - MOST_CHARACTERS
  return more > 0 ? `${text.slice(0, MOST_CHARACTERS)}… and ${more} characters more` : text
}
