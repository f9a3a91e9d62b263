import { KEYS } from '../../build/configuration-keys.js'
import { bounded } from '../bounded.js'
import { CONFIGURATION_DEFAULTS } from './configuration-defaults.js'
import type { Configuration, WrittenConfiguration } from './configuration-schema.js'
import { INTERFACE_NAME_BYTES } from './environment.js'
import { CniError, ErrorCode } from './error.js'
import { INNER_KEYS, isObject, type RawNetwork } from './network.js'

/** Maximum number of further wrong values that an error names. */
const MOST_OTHERS = 9
/** Maximum number of characters of a wrong value quoted in an error. */
const QUOTED_CHARACTERS = 100

/**
 * Checks the keys of a network configuration and fills in the defaults.
 * @throws CniError 7 that states the key, its value and what is allowed
 */
export function readConfiguration(network: RawNetwork): Configuration {
  requireConfiguration(network)
  return withDefaults(network)
}

/**
 * Adds the defaults of the keys that were left out. A bare device comes home bare, as upstream's
 * does, unless `restoreOnDelete` says otherwise.
 */
export function withDefaults(written: WrittenConfiguration): Configuration {
  const defaults = { ...CONFIGURATION_DEFAULTS, ...written }
  const { restoreOnDelete = defaults.useInterfaceNetwork } = written
  return { ...defaults, restoreOnDelete }
}

/** For each key that is missing or has a value that is not allowed, the error with code 7. */
export function faultsIn(network: RawNetwork): CniError[] {
  return KEYS.filter((key) => !isValid(key, network[key.name])).map(({ name, allowed }) =>
    invalid(name, network[name], allowed),
  )
}

/** @throws CniError 7 for the first key that is wrong; its details are about the others */
export function requireConfiguration(
  network: RawNetwork,
): asserts network is RawNetwork & WrittenConfiguration {
  const [first, ...others] = faultsIn(network)
  if (!first) return
  const details = bounded(
    others.map(({ message }) => message),
    MOST_OTHERS,
  )
  throw new CniError(first.code, first.message, details.join('; '))
}

function isValid({ name, required, check }: (typeof KEYS)[number], value: unknown): boolean {
  return value === undefined ? !required : check(value) && fits(name, value)
}

/** Keys that say what DEL and GC are to release, and where it is recorded. */
const NEEDED_TO_RELEASE = [
  'name',
  'cniVersion',
  'stateDir',
  'mode',
  'ifName',
  'ipam',
  'gvisor',
  'useInterfaceNetwork',
  'device',
  'hwaddr',
  'kernelpath',
  'pciBusID',
  'runtimeConfig',
  'cni.dev/valid-attachments',
]

/**
 * The configuration without wrong values of keys that DEL and GC can do without: a mistake made
 * since ADD must not keep a device away from the host.
 * @param tell called with what is wrong
 */
export function withoutNeedlessFaults(
  network: RawNetwork,
  tell: (fault: string) => void,
): RawNetwork {
  const kept = { ...network }
  for (const key of KEYS) {
    const { name, allowed } = key
    if (isValid(key, network[name]) || NEEDED_TO_RELEASE.includes(name)) continue
    tell(invalid(name, network[name], allowed).message)
    delete kept[name]
  }
  return kept
}

/** What a schema cannot say of a name: how many bytes it has, and that it has no half of a pair. */
function fits(key: string, value: unknown): boolean {
  if (key !== 'ifName') return true
  const bytes = Buffer.from(String(value))
  return bytes.length <= INTERFACE_NAME_BYTES && bytes.toString() === value
}

/** The keys inside objects of the configuration that have any use, by the object's key. */
export const KEYS_INSIDE: Record<string, string[]> = {
  // A runtime gives what it is asked for here.
  capabilities: INNER_KEYS.runtimeConfig,
  dns: ['nameservers', 'domain', 'search', 'options'],
  dynamicAddresses: INNER_KEYS.dynamicAddresses,
  gvisor: INNER_KEYS.gvisor,
  routes: INNER_KEYS.routes,
}

const KNOWN_KEYS = new Set(KEYS.map(({ name }) => name))

/**
 * Whether the configuration may have keys that are of no use: only then is the code loaded that
 * knows what may be meant. A key with a dot or a slash is a runtime's.
 */
export function hasUselessKeys(network: Record<string, unknown>): boolean {
  const isKnown = (key: string) => KNOWN_KEYS.has(key) || /[./]/.test(key)
  if (!Object.keys(network).every(isKnown)) return true
  const { ipam } = network
  if (isObject(ipam) && !ipam.type && Object.keys(ipam).length > 0) return true
  return Object.entries(KEYS_INSIDE).some(([key, known]) => {
    const value = network[key]
    return isObject(value) && Object.keys(value).some((inner) => !known.includes(inner))
  })
}

function invalid(key: string, value: unknown, allowed: string): CniError {
  const found =
    value === undefined
      ? 'is missing'
      : `cannot be ${JSON.stringify(value).slice(0, QUOTED_CHARACTERS)}`
  return new CniError(
    ErrorCode.invalidConfiguration,
    `invalid configuration: "${key}" ${found}; it must be ${allowed}`,
  )
}
