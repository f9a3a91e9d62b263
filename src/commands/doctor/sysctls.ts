import { valueOfSysctl } from '../../kernel/sysctl.js'
import { type Check, type Finding, warning } from './finding.js'

/** Settings that decide which packets a device takes, answers or passes on. */
const SETTINGS = [
  ...['rp_filter', 'forwarding', 'arp_ignore', 'arp_announce', 'proxy_arp'].map(
    (name) => `net.ipv4.conf.${name}`,
  ),
  ...['forwarding', 'accept_ra', 'disable_ipv6'].map((name) => `net.ipv6.conf.${name}`),
]

const STRICT = 1

/** Whether a device behaves otherwise in a pod for sysctls that are not carried. */
export const sysctls: Check = ({ configuration, device }) => {
  if (!device || configuration.useInterfaceNetwork === false) return []
  const wanted = configuration.sysctls
  const isCarried = (name: string) => wanted === 'all' || wanted.includes(name)
  const left = SETTINGS.filter((name) => !isCarried(name))
  return [
    ...left.flatMap((name) => other(name, device.name)),
    ...(isCarried('net.ipv4.conf.rp_filter') ? [] : strict()),
  ]
}

/** A device that comes into a namespace gets the settings that new devices have there. */
function other(name: string, device: string): Finding[] {
  const own = valueOfSysctl(name, device)
  const usual = valueOfSysctl(name, 'default')
  if (own === undefined || own === usual) return []
  return [
    warning(
      'sysctls',
      `${name} of ${device} is ${own}, that of a new device here ${usual}: in a pod, ${device} has what new devices have there`,
      `add ${JSON.stringify(name)} to "sysctls", if the pod needs the value`,
    ),
  ]
}

/** The kernel takes the larger of the two; loose is 2. A pod gets them from the node. */
function strict(): Finding[] {
  const values = ['all', 'default'].map((place) =>
    Number(valueOfSysctl('net.ipv4.conf.rp_filter', place) ?? 0),
  )
  if (Math.max(...values) !== STRICT) return []
  return [
    warning(
      'sysctls',
      'net.ipv4.conf.rp_filter of new devices is 1, strict: a pod whose default route goes through another interface drops what comes in here from farther away',
      'set it to 2 on the node (sysctl -w net.ipv4.conf.default.rp_filter=2), or give the device rules of its own addresses (ip rule add from …), which are carried',
    ),
  ]
}
