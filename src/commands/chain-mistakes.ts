import type { Mistake } from '../cni/mistakes.js'
import { spelledAsDocumented } from '../cni/network.js'
import { OWN_TYPE } from './configuration-file.js'

/** Plugins that make an interface of the runtime's name in the sandbox, or move one there. */
const MAKERS = ['bridge', 'host-device', 'ipvlan', 'macvlan', 'ptp', 'sriov', 'vlan']

/** An entry of a list, with its keys in the documented spelling. */
type Entry = Record<string, unknown> & { index: number }

/**
 * The entries of this plugin that cannot do their part of a list, because of what is before or
 * behind them (docs/chains.md).
 * @param plugins all entries of the list
 */
export function chainMistakes(plugins: Record<string, unknown>[]): Mistake[] {
  const entries = plugins.map((entry, index) => ({ ...spelledAsDocumented(entry), index }))
  return entries.filter(isOwn).flatMap((entry) => {
    const text = complaint(entry, entries)
    return text === undefined ? [] : [{ path: ['plugins', entry.index], text }]
  })
}

function complaint(entry: Entry, entries: Entry[]): string | undefined {
  const before = entries.slice(0, entry.index)
  const behind = entries.slice(entry.index + 1)
  const own = (others: Entry[], mode: string) =>
    others.some((one) => isOwn(one) && one.mode === mode && one.ifName === entry.ifName)
  const selectsDevice = ['device', 'hwaddr', 'kernelpath', 'pciBusID', 'capabilities'].some((key) =>
    Boolean(entry[key]),
  )
  const maker = behind.find(({ type }) => MAKERS.includes(String(type)))
  switch (entry.mode) {
    case 'capture':
      return own(behind, 'apply')
        ? undefined
        : 'nothing behind it applies what it captures: an entry with "mode": "apply" and the same "ifName" is missing'
    case 'apply':
      if (before.length === 0)
        return 'with "mode": "apply", a plugin before it has to make the interface'
      return selectsDevice || own(before, 'capture')
        ? undefined
        : 'it has no state to apply: give it a "device", or put an entry with "mode": "capture" before it'
  }
  if (!selectsDevice && !entry.gvisor)
    return 'no key selects a device: "device", "hwaddr", "kernelpath" or "pciBusID"'
  if (maker && !entry.ifName)
    return `${maker.type} behind it makes an interface of the same name: give this entry an "ifName" and put it behind that one, or "mode": "capture"`
  return sameNameBefore(entry, before) ?? sameDeviceBefore(entry, before)
}

/** Two devices that would get one name. */
function sameNameBefore(entry: Entry, before: Entry[]): string | undefined {
  const other = before.find(
    (one) => isOwn(one) && one.mode !== 'capture' && one.ifName === entry.ifName,
  )
  return (
    other &&
    'an entry before it lends a device under the same name: give each an "ifName" of its own'
  )
}

/** One device for two entries. Behind a plugin that makes an interface, the first may only apply. */
function sameDeviceBefore(entry: Entry, before: Entry[]): string | undefined {
  const isMade = before.some(({ type }) => MAKERS.includes(String(type)))
  const lends = (one: Entry) => isOwn(one) && (one.mode === undefined || one.mode === 'move')
  const isSame = (one: Entry) =>
    ['device', 'hwaddr', 'kernelpath', 'pciBusID'].some(
      (key) => entry[key] && one[key] === entry[key],
    )
  return !isMade && lends(entry) && before.some((one) => lends(one) && isSame(one))
    ? 'an entry before it lends the same device'
    : undefined
}

function isOwn({ type }: Record<string, unknown>): boolean {
  return type === OWN_TYPE
}
