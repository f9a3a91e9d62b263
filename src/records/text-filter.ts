import { toRestore } from '../state/reasons.js'
import type { PackedState } from '../state/schema.js'

/*
 * To decode a record takes most of the time that it costs. What looks at all records, of which it needs few,
 * tells by a record's text whether to decode it. An operator may have edited or formatted a record: white
 * space counts for nothing, and a value with an escape may be any.
 */

/** Whether a record may be of the device that has this inode in sysfs. One may be that has no such thing. */
export function mayBeOf(text: string, inode: number | undefined): boolean {
  return !has(text, 'identity') || has(text, 'inode', is(inode))
}

/** Whether a record may be of a device of the same hardware, e.g. "pci/0000:01:00.0". */
export function mayBeOfHardware(text: string, parentDevice: string | undefined): boolean {
  return parentDevice !== undefined && has(text, 'parentDevice', is(parentDevice))
}

/** Whether a record may be of a virtual device of a kind, e.g. "vxlan". */
export function mayBeOfKind(text: string, kind: string): boolean {
  return has(text, 'kind', is(kind))
}

/** Whether a record may be of an attachment to a sandbox: by its inode, or only by its path. */
export function mayBeIn(text: string, inode: number, path: string): boolean {
  return has(text, 'inode', is(inode)) || has(text, 'sandboxPath', is(path))
}

/**
 * Tells of a record whether it may have a route to a destination of a state. It takes as long as the
 * text is, however many there are.
 */
export function mayLeadTo({ routes, shared = [], packed }: PackedState): (text: string) => boolean {
  // To look for thousands takes longer than to decode the record.
  if (packed) return () => true
  const destinations = [...toRestore(routes), ...shared].map(({ destination }) => destination)
  if (destinations.length === 0) return () => false
  const wanted = new Set(destinations.map((destination) => JSON.stringify(destination)))
  const isWanted = (value: string) => wanted.has(value)
  return (text) => has(text, 'packed') || has(text, 'destination', isWanted)
}

function is(value: string | number | undefined): (text: string) => boolean {
  const meant = JSON.stringify(value)
  return (text) => text === meant
}

/**
 * Whether a key has a value that is meant, anywhere in a text of JSON.
 * @param isMeant is given the text of a string or a number
 */
function has(text: string, key: string, isMeant = (_: string) => true): boolean {
  const name = `"${key}"`
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
    const colon = pastSpace(text, at + name.length)
    if (text.charAt(colon) !== ':') continue
    const value = valueAt(text, pastSpace(text, colon + 1))
    if (value.includes('\\') || isMeant(value)) return true
  }
  return false
}

function pastSpace(text: string, from: number): number {
  let at = from
  while (text.charCodeAt(at) <= SPACE) at++
  return at
}

/** The other white space of JSON has lower codes. */
const SPACE = 0x20

/** A string to its next quote, even if that is escaped; of anything else, what a number may have. */
function valueAt(text: string, start: number): string {
  if (text.charAt(start) === '"') return text.slice(start, text.indexOf('"', start + 1) + 1)
  return /^[-+.\w]*/.exec(text.slice(start, start + LONGEST_NUMBER))?.[0] ?? ''
}

const LONGEST_NUMBER = 32
