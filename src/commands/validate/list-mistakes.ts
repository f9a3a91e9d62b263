import { KEYS } from '../../../build/configuration-keys.js'
import type { Mistake } from '../../cni/mistakes.js'
import { requireNetworkName } from '../../cni/network.js'
import { requireSupportedVersion } from '../../cni/version.js'
import { nearest } from '../../nearest.js'
import { complaint } from './complaint.js'

/** The keys of a list that CNI's library reads; it tells their case apart. */
const SWITCHES = ['disableCheck', 'disableGC', 'loadOnlyInlinedPlugins']
const LIST_KEYS = ['cniVersion', 'cniVersions', 'name', 'plugins', ...SWITCHES]

/**
 * What is wrong with the keys of a list, apart from its entries.
 * @param needsName whether nobody gives it a name
 */
export function mistakesInList(list: Record<string, unknown>, needsName: boolean): Mistake[] {
  const keys = Object.keys(list).flatMap((key) => {
    const meant = meantBy(key)
    return meant === undefined ? [] : [{ key, meant }]
  })
  const isMeant = (wanted: string) => keys.some(({ meant }) => meant === wanted)
  const { name, cniVersion } = list
  const mayLackName = (!needsName && !name) || isMeant('name')
  return [
    ...keys.map(({ key, meant }) => ({ path: [key], text: misspelled(key, meant) })),
    ...misplacedKeys(list),
    ...(mayLackName ? [] : complaint(['name'], () => requireNetworkName(name))),
    ...(list.cniVersions === undefined || typeof cniVersion !== 'string'
      ? complaint(['cniVersion'], () => void requireSupportedVersion(cniVersion, 'ADD'))
      : []),
    ...versions(list),
    ...SWITCHES.flatMap((key) => switches(key, list[key])),
  ]
}

/** The key of a list that was meant by one that is none; undefined for any other. */
export function meantBy(key: string): string | undefined {
  return LIST_KEYS.includes(key) || isOfEntry(key) ? undefined : nearest(key, LIST_KEYS)
}

/** Whether a key is one of an entry, and not of a list. */
function isOfEntry(key: string): boolean {
  return KEYS.some(({ name }) => name === key) && !LIST_KEYS.includes(key)
}

function misspelled(key: string, meant: string): string {
  return `unknown key ${JSON.stringify(key)} of a list is ignored; is "${meant}" meant?`
}

function misplacedKeys(list: Record<string, unknown>): Mistake[] {
  return Object.keys(list)
    .filter((key) => isOfEntry(key) && key !== 'args' && key !== 'type')
    .map((key) => ({
      path: [key],
      text: `"${key}" is a key of an entry of "plugins", and is ignored beside it`,
    }))
}

/** The library takes the highest version that it knows of both keys. */
function versions({ cniVersion, cniVersions }: Record<string, unknown>): Mistake[] {
  const path = ['cniVersions']
  if (cniVersions === undefined) return []
  const all: unknown[] = Array.isArray(cniVersions) ? cniVersions : []
  if (all.length === 0 || !all.every((one) => typeof one === 'string'))
    return [{ path, text: '"cniVersions" must be a list of versions, such as ["1.0.0", "1.1.0"]' }]
  const refusals = [...all, ...(cniVersion === undefined ? [] : [cniVersion])].map((one) =>
    complaint(path, () => void requireSupportedVersion(one, 'ADD')),
  )
  return refusals.every((found) => found.length > 0) ? (refusals[0] ?? []) : []
}

function switches(key: string, value: unknown): Mistake[] {
  if (value === undefined || /^(true|false)$/i.test(String(value))) return []
  return [
    { path: [key], text: `"${key}" of a list must be true or false: a runtime refuses all else` },
  ]
}
