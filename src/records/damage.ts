import { ADDRESS_BYTES, addressBytes, familyOf } from '../kernel/ip-address.js'
import { bytesOfText } from '../kernel/kernel-text.js'
import type { Family } from '../kernel/netlink/common-schema.js'

/*
 * The schema of a record does not look into its texts, which would take time in every call. What is
 * damaged in one shows only where it is used.
 */

/** Whether a text or a number may stand in its place; of the family of the object that it is in. */
type Test<T> = (value: T, family: Family | undefined) => boolean

/** By the end of the place. Any other text may be anything without a zero byte. */
const TEXTS: [RegExp, Test<string>][] = [
  [/\.(local|peer|broadcast|address|gateway|preferredSource)$/, isAddress],
  [/\.settings\.token$/, (text) => isAddress(text, 'inet6')],
  [/\.(destination|source|from|to)$/, isPrefix],
  [/\.addresses$/, (text, family) => text.split(' ').every((one) => isAddress(one, family))],
  [/ardwareAddress$|\.(broadcast|permanent)Address$/, (text) => HARDWARE_ADDRESS.test(text)],
  [/\.settings\.ipv[46]$|\.driverSettings\.data$/, (text) => HEXADECIMAL.test(text)],
  [/^device\.onHost\.name$|(^|\.)nameInSandbox$/, isInterfaceName],
  [/\.(source|destination)Ports$/, (text) => isRange(text, 0xffff)],
  [/\.users$/, (text) => isRange(text, 0xffffffff)],
]

/** The same for numbers. Any other is unsigned, of 32 bits. */
const NUMBERS: [RegExp, Test<number>][] = [
  // They go into no message.
  [/\b(inode|cookie|device|lentAt|until)$/, () => true],
  // The kernel's indexes are signed.
  [/\b(index|interfaceIndex|master)$/, (number) => number < 2 ** 31],
  [/\.prefixLength$/, (length, family) => length <= bitsOf(family)],
  [/\.protocol$/, (number) => number <= 0xff],
]

const HARDWARE_ADDRESS = /^([0-9a-f]{2}(:[0-9a-f]{2})*)?$/
const HEXADECIMAL = /^([0-9a-f]{2})*$/
/** What the kernel takes, but for the length. */
const INTERFACE_NAME = /^(?!\.{1,2}$)[^/: \t-\r]+$/
const INTERFACE_NAME_BYTES = 15

/**
 * The first text or number in a record that is not what its place says.
 * @returns "state.addresses.0.value.local is "zz""; undefined if there is none
 */
export function damageIn(value: unknown, place = '', family?: Family): string | undefined {
  if (!mayStand(value, place, family)) return `${place} is ${JSON.stringify(value).slice(0, 80)}`
  if (typeof value !== 'object' || value === null) return undefined
  const inside = familyIn(value) ?? family
  for (const [key, inner] of Object.entries(value)) {
    const damage = damageIn(inner, place === '' ? key : `${place}.${key}`, inside)
    if (damage !== undefined) return damage
  }
  return undefined
}

function mayStand(value: unknown, place: string, family: Family | undefined): boolean {
  if (typeof value === 'string')
    return !value.includes('\0') && (testFor(TEXTS, place)?.(value, family) ?? true)
  if (typeof value !== 'number') return true
  return value >= 0 && (testFor(NUMBERS, place)?.(value, family) ?? value < 2 ** 32)
}

function testFor<T>(tests: [RegExp, Test<T>][], place: string): Test<T> | undefined {
  return tests.find(([end]) => end.test(place))?.[1]
}

/** The family of an object of the record: of packed routes that of the one that they are like. */
function familyIn(object: { family?: unknown; like?: unknown }): Family | undefined {
  const { family, like } = object
  if (typeof like === 'object' && like !== null) return familyIn(like)
  if (family === 'inet' || family === 'inet6') return family
  return typeof family === 'number' ? familyOf(family) : undefined
}

function isAddress(text: string, family: Family | undefined): boolean {
  try {
    const { length } = addressBytes(text)
    return family === undefined || length === ADDRESS_BYTES[family]
  } catch {
    return false
  }
}

function isPrefix(text: string, family: Family | undefined): boolean {
  const [address = '', length = '', ...more] = text.split('/')
  const ownFamily = family ?? (address.includes(':') ? 'inet6' : 'inet')
  return (
    isAddress(address, ownFamily) &&
    /^\d{1,3}$/.test(length) &&
    Number(length) <= bitsOf(ownFamily) &&
    more.length === 0
  )
}

function bitsOf(family: Family = 'inet6'): number {
  return 8 * ADDRESS_BYTES[family]
}

function isInterfaceName(text: string): boolean {
  return INTERFACE_NAME.test(text) && bytesOfText(text).length <= INTERFACE_NAME_BYTES
}

/** "first-last" */
function isRange(text: string, most: number): boolean {
  const ends = /^\d+-\d+$/.test(text) ? text.split('-').map(Number) : []
  return ends.length > 0 && ends.every((end) => end <= most)
}
