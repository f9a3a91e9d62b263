import { KEYS } from '../../build/configuration-keys.js'
import { nearest } from '../nearest.js'
import { mistakesInCapabilities } from './capability-mistakes.js'
import { KEYS_INSIDE } from './configuration.js'
import { FOREIGN_KEYS } from './foreign-keys.js'
import { mistakesInIpam, quote } from './ipam-mistakes.js'
import { isObject, spelledAsDocumented } from './network.js'

/** Maximum number of unknown keys that are named, of a configuration that may have a million. */
const MOST_NAMED = 8

const SELECTORS = ['device', 'hwaddr', 'kernelpath', 'pciBusID']

/** A likely mistake that the schema does not refuse. */
export interface Mistake {
  /** Where it is: keys and indexes. Empty: the whole document. */
  path: (string | number)[]
  /** Sentences without a full stop: what it is, and what to do. */
  text: string
  /** The file of a configuration is right without what is missing here: a runtime adds it. */
  onlyInCall?: boolean
}

/**
 * The likely mistakes in a configuration, that a call accepts or refuses with no word of their
 * cause.
 * @param document as it was written
 */
export function mistakesIn(document: Record<string, unknown>): Mistake[] {
  const other = otherDocument(document)
  if (other) return [{ path: [], text: other }]
  const network = spelledAsDocumented(document)
  return [
    ...unknownKeys(network),
    ...['dns', 'dynamicAddresses', 'gvisor', 'routes'].flatMap((key) => innerUnknown(network, key)),
    ...mistakesInCapabilities(network),
    ...undomainedAddresses(network),
    ...impossibleNames(network),
    ...missingDevice(network),
    ...mistakesInIpam(network.ipam),
  ]
}

/** Of a configuration in another language. */
export const IS_YAML =
  'this is YAML; a plugin is given JSON, as it stands in spec.config of a NetworkAttachmentDefinition'

/** What a text is that is no JSON; undefined if it is not known. */
export function otherText(text: string): string | undefined {
  if (/^(---|apiVersion:|kind:|cniVersion:|name:)/m.test(text.slice(0, 1000))) return IS_YAML
  return undefined
}

/** What a document is that is no configuration of one plugin. */
function otherDocument(document: Record<string, unknown>): string | undefined {
  const { kind, apiVersion, plugins, spec } = document
  if (kind !== undefined && (apiVersion !== undefined || spec !== undefined))
    return `this is a Kubernetes object of kind ${quote(kind)}; the configuration is the text in its spec.config`
  if (plugins === undefined) return undefined
  const isList = Array.isArray(plugins)
  if (isList && plugins.length === 0)
    return 'this is a list of plugins (a .conflist), with none in it'
  return 'this is a whole list of plugins (a .conflist); a runtime gives a plugin its entry of "plugins", with the name and the cniVersion of the list'
}

function unknownKeys(network: Record<string, unknown>): Mistake[] {
  const known = KEYS.map(({ name }) => name)
  return unknownIn(network, known, [])
}

function innerUnknown(network: Record<string, unknown>, key: string): Mistake[] {
  const value = network[key]
  return isObject(value) ? unknownIn(value, KEYS_INSIDE[key] ?? [], [key]) : []
}

function unknownIn(object: Record<string, unknown>, known: string[], above: string[]): Mistake[] {
  const unknown = Object.keys(object).filter(
    (key) => !/[./]/.test(key) && !known.includes(key) && !isOfMultus(object, key, above),
  )
  const named = unknown.slice(0, MOST_NAMED).map((key) => {
    const foreign = FOREIGN_KEYS.get(key.toLowerCase())
    const meant = nearest(key, known)
    const hint = foreign ?? (meant === undefined ? '' : `is "${meant}" meant?`)
    return {
      path: [...above, key],
      text: `unknown key ${quote([...above, key].join('.'))} is ignored${hint && `; ${hint}`}`,
    }
  })
  const more = unknown.length - named.length
  return more > 0
    ? [...named, { path: above, text: `${more} more unknown keys are ignored` }]
    : named
}

/** Multus adds the device id of a pod to every configuration under both names. */
function isOfMultus(object: Record<string, unknown>, key: string, above: string[]): boolean {
  return above.length === 0 && key === 'deviceID' && object.deviceID === object.pciBusID
}

/** `01:00.0`, as lspci prints it. */
const UNDOMAINED = /^[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/i

function undomainedAddresses(network: Record<string, unknown>): Mistake[] {
  const { pciBusID, runtimeConfig } = network
  const deviceID = isObject(runtimeConfig) ? runtimeConfig.deviceID : undefined
  const places: [string[], unknown][] = [
    [['pciBusID'], pciBusID],
    [['runtimeConfig', 'deviceID'], deviceID],
  ]
  return places.flatMap(([path, value]) =>
    typeof value === 'string' && UNDOMAINED.test(value)
      ? [{ path, text: `the PCI address ${quote(value)} has no domain; is "0000:${value}" meant?` }]
      : [],
  )
}

const PCI_ADDRESS = /^[0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/

/** What no device of the kernel and no place on its PCI bus is called. */
function impossibleNames({ device, pciBusID }: Record<string, unknown>): Mistake[] {
  const found: Mistake[] = []
  if (typeof device === 'string' && /[\s/:]/.test(device))
    found.push({
      path: ['device'],
      text: `${quote(device)} has a space, / or :, which only an alternative name can have`,
    })
  if (typeof pciBusID !== 'string' || pciBusID === '' || PCI_ADDRESS.test(pciBusID)) return found
  if (UNDOMAINED.test(pciBusID)) return found
  const text = `${quote(pciBusID)} is no PCI address, such as "0000:01:00.0", with small letters`
  return [...found, { path: ['pciBusID'], text }]
}

/** The device plugin chose none. */
function missingDevice(network: Record<string, unknown>): Mistake[] {
  const { capabilities, runtimeConfig } = network
  const isAsked = isObject(capabilities) && capabilities.deviceID === true
  const isGiven = isObject(runtimeConfig) && Boolean(runtimeConfig.deviceID)
  if (!isAsked || isGiven || SELECTORS.some((key) => Boolean(network[key]))) return []
  return [
    {
      path: ['capabilities', 'deviceID'],
      text: 'the capability deviceID is asked for, but the runtime gave no runtimeConfig.deviceID: the pod asks for no resource of a device plugin, or its network names none',
      onlyInCall: true,
    },
  ]
}
