import { lockAttachment } from '../attachments/lock.js'
import { AttachmentStore } from '../attachments/store.js'
import type { Whereabouts } from '../device/lent-device.js'
import { returnDevice } from '../device/return-device.js'
import { NetworkNamespace } from '../kernel/namespace.js'
import { findLink } from '../kernel/netlink/link.js'
import { note } from '../log.js'
import { attachmentOf } from './attachment-of.js'
import type { Call } from './call.js'
import { choiceOf } from './choice.js'
import { ifSandboxIsThere } from './if-sandbox-is-there.js'

/**
 * Brings home a device of which there is no record: host-device lent it, or the record
 * was lost. Its alias tells its name on the host, and the configuration must mean it:
 * what is there may also be another plugin's.
 * @throws Failure `return-failed`
 */
export function returnUnrecorded(call: Call): void {
  const { environment, configuration } = call
  if (configuration.mode === 'apply') return
  const key = attachmentOf(call)
  using _attachment = lockAttachment(configuration.stateDir, key)
  // An ADD that came in between is not this call's to undo.
  if (AttachmentStore.ofAttachments(configuration.stateDir).read(key)) return
  using host = NetworkNamespace.host()
  using sandbox = ifSandboxIsThere(() => host.open(environment.netns))
  const whereabouts = findByAlias(sandbox ? [sandbox, host] : [host], call)
  if (!whereabouts) return
  const { alias: name = '', ...link } = whereabouts.link
  returnDevice(host, { onHost: { ...link, name }, nameInSandbox: key.nameInSandbox }, whereabouts)
  note('info', `brought ${name} home, of which there was no record`, () => key)
}

function findByAlias(places: NetworkNamespace[], call: Call): Whereabouts | undefined {
  const name = attachmentOf(call).nameInSandbox
  const { device, hwaddr, pciBusID, deviceID } = choiceOf(call.configuration)
  for (const place of places) {
    const link = findLink(place.socket, { name })
    if (!link?.alias) continue
    const isMeant =
      link.alias === device ||
      link.hardwareAddress === hwaddr?.toLowerCase() ||
      [pciBusID, deviceID].some((id) => id && link.parentDevice?.endsWith(`/${id}`))
    if (isMeant) return { place, link }
  }
  return undefined
}
