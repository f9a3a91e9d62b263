import { AttachmentStore } from '../attachments/store.js'
import { CniError, ErrorCode } from '../cni/error.js'
import { locate } from '../device/lent-device.js'
import { Failure } from '../failure.js'
import type { Link } from '../kernel/objects/link.js'
import { Place } from '../kernel/place.js'
import { carriedState } from '../network-state/carried.js'
import { missingState } from '../network-state/verify.js'
import type { Call } from './call.js'

/**
 * CHECK: the device is in the sandbox, under its name and up, with all that was
 * carried. What later plugins of the chain changed (they report it in prevResult)
 * or added is no fault.
 * @throws Failure `not-as-left` that names all that is not as ADD left it
 */
export function check({ environment, configuration }: Call): undefined {
  const { containerId, ifName, netns } = environment
  const { prevResult, stateDir } = configuration
  if (!prevResult) throw new CniError(ErrorCode.invalidConfiguration, 'Required prevResult missing')
  const record = new AttachmentStore(stateDir).read({ containerId, interfaceName: ifName })
  if (!record)
    throw new Failure('not-as-left', `no device is lent to container ${containerId} as ${ifName}`)

  using host = Place.host()
  using sandbox = Place.sandbox(netns, host)
  const { onHost } = record.device
  const link = locate(record.device, [sandbox])?.link
  if (!link) throw new Failure('not-as-left', `${onHost.name} is not in ${sandbox.name}`)

  const reported = prevResult.interfaces?.find(
    ({ name, sandbox: path }) => name === ifName && path === netns,
  )
  const faults = [
    ...linkFaults(link, ifName, [onHost.hardwareAddress, reported?.mac]),
    ...missingState(sandbox, onHost, link, carriedState(record.state, onHost)).map(
      (what) => `${what} is missing`,
    ),
  ]
  if (faults.length > 0)
    throw new Failure('not-as-left', `${link.name} in ${sandbox.name}: ${faults.join('; ')}`)
}

function linkFaults(link: Link, name: string, macs: (string | undefined)[]): string[] {
  const faults: string[] = []
  if (link.name !== name) faults.push(`its name should be ${name}`)
  if (!link.up) faults.push('it is down')
  if (!macs.includes(link.hardwareAddress))
    faults.push(`its MAC is ${link.hardwareAddress}, and should be ${macs[0]}`)
  return faults
}
