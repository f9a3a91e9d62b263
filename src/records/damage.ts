import { addressBytes } from '../kernel/ip-address.js'

/*
 * The schema of a record does not look into its texts, which would take time in every call. What is
 * damaged in one shows only where it is used.
 */

/** Places of addresses, of prefixes, and of lists of addresses. */
const ADDRESSES =
  /\.(local|peer|broadcast|address|addresses|gateway|preferredSource|destination|source|from|to)$/
/** Places of numbers that go into no message. */
const LARGE = /\b(inode|cookie|device|lentAt|until)$/

/**
 * The first text or number in a record that is not what its place says.
 * @returns "state.addresses.0.value.local is "zz""; undefined if there is none
 */
export function damageIn(value: unknown, place = ''): string | undefined {
  if (isDamaged(value, place)) return `${place} is ${JSON.stringify(value).slice(0, 80)}`
  if (typeof value !== 'object' || value === null) return undefined
  for (const [key, inner] of Object.entries(value)) {
    const damage = damageIn(inner, place === '' ? key : `${place}.${key}`)
    if (damage !== undefined) return damage
  }
  return undefined
}

function isDamaged(value: unknown, place: string): boolean {
  if (typeof value === 'number') return !LARGE.test(place) && (value < 0 || value >= 2 ** 32)
  if (typeof value !== 'string' || !ADDRESSES.test(place)) return false
  try {
    for (const one of value.split(' ')) addressBytes(one.replace(/\/\d+$/, ''))
    return false
  } catch {
    return true
  }
}
