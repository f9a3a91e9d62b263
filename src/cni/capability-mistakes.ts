import { nearest } from '../nearest.js'
import { KEYS_INSIDE } from './configuration.js'
import type { Mistake } from './mistakes.js'
import { isObject } from './network.js'

/** What IPAM plugins read in runtimeConfig, and plugins of another kind (the CNI conventions). */
const OF_IPAM = ['ips', 'ipRanges', 'dns']
const OF_OTHERS = ['aliases', 'bandwidth', 'infinibandGUID', 'mac', 'portMappings']

/** Maximum number of capabilities that are looked at. */
const MOST = 8
/** Maximum number of characters of a key that is quoted. */
const QUOTED_CHARACTERS = 60

/** What is wrong in `capabilities`: a runtime compares its names as they are. */
export function mistakesInCapabilities({ capabilities, ipam }: Record<string, unknown>): Mistake[] {
  if (!isObject(capabilities)) return []
  const hasIpam = isObject(ipam) && Boolean(ipam.type)
  return Object.entries(capabilities)
    .slice(0, MOST)
    .flatMap(([key, value]) => mistakeIn(key, value, hasIpam) ?? [])
}

function mistakeIn(key: string, value: unknown, hasIpam: boolean): Mistake | undefined {
  const path = ['capabilities', key]
  const name = JSON.stringify(key.slice(0, QUOTED_CHARACTERS))
  const own = KEYS_INSIDE.capabilities ?? []
  if (typeof value !== 'boolean')
    return {
      path,
      text: `the capability ${name} must be true or false: a runtime refuses all else`,
    }
  if (own.includes(key) || (hasIpam && OF_IPAM.includes(key))) return undefined
  if (OF_IPAM.includes(key))
    return { path, text: `the capability ${name} has no use without "ipam"` }
  if (OF_OTHERS.includes(key))
    return { path, text: `the capability ${name} is of other plugins, and has no use here` }
  const meant = nearest(key, [...own, ...OF_IPAM, ...OF_OTHERS])
  if (meant === undefined) return undefined
  return { path, text: `no runtime knows the capability ${name}; is "${meant}" meant?` }
}
