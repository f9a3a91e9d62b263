import { Failure } from '../failure.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import { findLink } from '../kernel/netlink/link.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { type DeviceChoice, nameOfChoice, notFound } from './device-choice.js'

const KEYS = ['device', 'hwaddr', 'kernelpath', 'pciBusID', 'deviceID'] as const

/**
 * The host device that the configuration means. Of several keys, all must mean the
 * same one.
 * @throws Failure `configuration-invalid` where no key is given or two disagree,
 *   `device-not-found`, or `device-refused` for one that cannot be lent
 */
export function findDevice(host: NetworkNamespace, choice: DeviceChoice): Link {
  const given = KEYS.flatMap((key) => {
    const value = choice[key]
    return value === undefined ? [] : [{ key, value, link: findOne(host, key, value) }]
  })
  const [first, ...others] = given
  if (!first)
    throw new Failure(
      'configuration-invalid',
      'specify either "device", "hwaddr", "kernelpath" or "pciBusID"',
    )
  const other = others.find(({ link }) => link.index !== first.link.index)
  if (other)
    throw new Failure(
      'configuration-invalid',
      `"${first.key}" means ${first.link.name}, but "${other.key}" means ${other.link.name}`,
    )
  return first.link
}

function findOne(host: NetworkNamespace, key: keyof DeviceChoice, value: string): Link {
  const name = nameOfChoice(host, key, value)
  const device = findLink(host.socket, { name })
  if (device?.loopback)
    throw new Failure(
      'device-refused',
      `cannot lend ${device.name}: every sandbox has a loopback device of its own`,
    )
  if (device) return device
  throw notFound(`Link not found: there is no device ${JSON.stringify(name)} on the host`)
}
