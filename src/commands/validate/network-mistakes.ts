import { KEYS } from '../../../build/configuration-keys.js'
import { faultsIn } from '../../cni/configuration.js'
import { type Mistake, mistakesIn } from '../../cni/mistakes.js'
import {
  canonicalKeys,
  isObject,
  requireNetworkName,
  spelledAsDocumented,
} from '../../cni/network.js'
import { LATEST_VERSION, requireSupportedVersion } from '../../cni/version.js'
import { nearest } from '../../nearest.js'
import { chainMistakes } from '../chain-mistakes.js'
import { OWN_TYPE } from '../configuration-file.js'
import { complaint } from './complaint.js'
import { impossibleValues } from './impossible.js'
import { meantBy, mistakesInList } from './list-mistakes.js'

/** Maximum number of wrong values that are named. */
const MOST_REFUSALS = 10
/** Its name is near to this plugin's, and it is another one. */
const UPSTREAM = 'host-device'

/**
 * The mistakes in a configuration, or in a list and each entry of it that is this plugin's.
 * @param needsName whether nobody gives it a name, as Multus does
 */
export function mistakesInNetwork(
  document: Record<string, unknown>,
  needsName: boolean,
): Mistake[] {
  const { plugins, type } = canonicalKeys(document, ['plugins', 'type'])
  if (plugins === undefined && (type !== undefined || !isMisspelledList(document)))
    return mistakesAlone(document, needsName)
  const ofList = mistakesInList(document, needsName)
  if (plugins === undefined) return ofList
  if (!Array.isArray(plugins) || plugins.length === 0)
    return [...ofList, { path: ['plugins'], text: 'a list needs at least one plugin in "plugins"' }]
  const entries = plugins.flatMap((entry, index) => mistakesInEntry(entry, ['plugins', index]))
  const chain = chainMistakes(plugins.map((entry) => (isObject(entry) ? entry : {})))
  return [...ofList, ...entries, ...chain]
}

/** `"plugin": [{…}]` */
function isMisspelledList(document: Record<string, unknown>): boolean {
  return Object.entries(document).some(
    ([key, value]) => meantBy(key) === 'plugins' && Array.isArray(value) && value.some(isObject),
  )
}

function mistakesAlone(document: Record<string, unknown>, needsName: boolean): Mistake[] {
  const { name, cniVersion, type } = spelledAsDocumented(document)
  if (type !== OWN_TYPE)
    return [{ path: [], text: `"type" must be "${OWN_TYPE}", the name of this plugin` }]
  const inChain = chainMistakes([document]).map(({ text }) => ({ path: [], text }))
  return [
    ...(needsName || name ? complaint(['name'], () => requireNetworkName(name)) : []),
    ...complaint(['cniVersion'], () => void requireSupportedVersion(cniVersion, 'ADD')),
    ...ownMistakes(document),
    ...inChain,
  ]
}

function mistakesInEntry(entry: unknown, path: Mistake['path']): Mistake[] {
  if (!isObject(entry)) return [{ path, text: 'an entry must be an object' }]
  const { type } = canonicalKeys(entry, ['type'])
  if (typeof type !== 'string')
    return [{ path, text: 'an entry needs a "type", the name of a plugin' }]
  if (type === OWN_TYPE)
    return ownMistakes(entry).map((one) => ({ ...one, path: [...path, ...one.path] }))
  if (type === UPSTREAM || nearest(type, [OWN_TYPE]) === undefined) return []
  const text = `${JSON.stringify(type)} is another plugin; is "${OWN_TYPE}" meant?`
  return [{ path: [...path, 'type'], text }]
}

/** What is wrong in this plugin's keys, apart from name and version of the network. */
function ownMistakes(entry: Record<string, unknown>): Mistake[] {
  const likely = mistakesIn(entry).filter(({ onlyInCall }) => !onlyInCall)
  const network = { ...spelledAsDocumented(entry), name: 'n', cniVersion: LATEST_VERSION }
  const refusals = faultsIn(network).slice(0, MOST_REFUSALS)
  if (refusals.length > 0)
    return [
      ...refusals.map(({ message }) => ({ path: placeOfRefusal(message, network), text: message })),
      ...likely,
    ]
  return [...impossibleValues(network), ...likely]
}

/** The key that a message names, and what is wrong inside. */
function placeOfRefusal(text: string, network: Record<string, unknown>): Mistake['path'] {
  const [, name = ''] = /"([^"]+)" (?:cannot be|is missing)/.exec(text) ?? []
  const { check } = KEYS.find((key) => key.name === name) ?? {}
  return check ? [name, ...innermostFault(network[name], check)] : []
}

/**
 * Which part makes a value wrong: the item of a list that is wrong alone, or the key of an object
 * without which it would be right.
 * @param isRight the check that the value fails
 * @returns keys and indexes; empty if no part alone makes it wrong
 */
function innermostFault(value: unknown, isRight: (value: unknown) => boolean): Mistake['path'] {
  if (Array.isArray(value)) {
    const index = value.findIndex((item) => !isRight([item]))
    return index === -1 ? [] : [index, ...innermostFault(value[index], (one) => isRight([one]))]
  }
  if (!isObject(value)) return []
  const key = Object.keys(value).find((one) => {
    const { [one]: _, ...rest } = value
    return isRight(rest)
  })
  if (key === undefined) return []
  return [key, ...innermostFault(value[key], (one) => isRight({ ...value, [key]: one }))]
}
