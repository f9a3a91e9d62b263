import type { WrittenConfiguration } from '../../cni/configuration-schema.js'
import type { Mistake } from '../../cni/mistakes.js'
import { requireOrdinaryName } from '../../device/lend.js'
import { requirePossible } from '../../device/selected-device.js'
import { parseSelector, SELECTOR_KEYS } from '../../device/selector.js'
import { requirePluginName } from '../../ipam/ipam.js'
import { settingNames } from '../../kernel/sysctl.js'
import { nearest } from '../../nearest.js'
import { complaint } from './complaint.js'

/**
 * Values that ADD refuses on every host, by ADD's own checks.
 * @param network whose keys have passed `requireConfiguration`
 */
export function impossibleValues(network: WrittenConfiguration): Mistake[] {
  return [
    ...selectors(network),
    ...interfaceName(network),
    ...ipamType(network),
    ...sysctls(network),
  ]
}

function selectors(network: WrittenConfiguration): Mistake[] {
  return SELECTOR_KEYS.flatMap((key) => {
    const isGiven = key === 'deviceID'
    const written = isGiven ? network.runtimeConfig?.deviceID : network[key]
    const { [key]: value } = parseSelector({ [key]: written })
    if (value === undefined) return []
    return complaint([...(isGiven ? ['runtimeConfig'] : []), key], () =>
      requirePossible(key, value),
    )
  })
}

function interfaceName({ ifName, device = 'the device' }: WrittenConfiguration): Mistake[] {
  if (ifName === undefined) return []
  return complaint(['ifName'], () =>
    requireOrdinaryName(undefined, { onHost: { name: device }, nameInSandbox: ifName }),
  )
}

function ipamType({ ipam }: WrittenConfiguration): Mistake[] {
  const type = ipam?.type
  return type ? complaint(['ipam', 'type'], () => requirePluginName(type)) : []
}

/** Unknown to this kernel, and like a name that it knows. */
function sysctls({ sysctls: wanted }: WrittenConfiguration): Mistake[] {
  if (!Array.isArray(wanted) || wanted.length === 0) return []
  const known = settingNames()
  return wanted.flatMap((name, index) => {
    const directory = name.slice(0, name.lastIndexOf('.') + 1)
    const settings = known.filter((one) => one.startsWith(directory))
    // The directory would make every name like every other one.
    const meant = nearest(
      name.slice(directory.length),
      settings.map((one) => one.slice(directory.length)),
    )
    if (known.includes(name) || meant === undefined) return []
    const text = `the kernel has no sysctl ${JSON.stringify(name)}; is "${directory}${meant}" meant?`
    return [{ path: ['sysctls', index], text }]
  })
}
