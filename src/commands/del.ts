import { asCniError, runAll } from '../cni/error.js'
import { extendDeadline, RETURN_SECONDS } from '../deadline.js'
import type { LocatedDevice } from '../device/lent-device.js'
import { returnDevice } from '../device/return.js'
import { selects } from '../device/selector.js'
import { releaseGvisorRecord } from '../gvisor/release.js'
import { NetworkNamespace } from '../kernel/namespace.js'
import { findLink } from '../kernel/netlink/link.js'
import { note } from '../log.js'
import { lockAttachment } from '../records/lock.js'
import { attachmentRecords } from '../records/store.js'
import { attachmentOf, type Call, ipamOf } from './call.js'
import { openIfThere, requireSandboxIsNotHost } from './namespaces.js'
import { releaseAttachment, releaseCapture } from './release.js'
import { selectorOf, wayOf } from './way.js'

/**
 * DEL: has the IPAM plugin release its addresses and returns the device to the host under its own
 * name, up if it was up. DEL can be called again: it succeeds if nothing is left to do.
 * @throws CniError; the device stays usable where it is, and a later DEL can try again
 */
export async function del(call: Call): Promise<undefined> {
  requireSandboxIsNotHost(call)
  const { stateDir } = call.configuration
  await runAll([
    () => releaseAddresses(call),
    // First, before the device loses its addresses by moving: the address keeper would take that
    // for gVisor removing them.
    () => releaseGvisorRecord(stateDir, attachmentOf(call)),
    () => {
      extendDeadline(RETURN_SECONDS)
      release(call)
    },
  ])
}

async function releaseAddresses(call: Call): Promise<void> {
  try {
    const ipam = await ipamOf(call)
    await ipam?.request('DEL')
  } catch (error) {
    throw asCniError(error, 'the addresses may still be assigned; a later DEL tries again')
  }
}

/** Undoes what this plugin's ADD did at this position of the chain. */
function release(call: Call): void {
  const { configuration, environment } = call
  const { stateDir, restoreOnDelete: restore } = configuration
  const key = attachmentOf(call)
  const way = wayOf(call)
  switch (way) {
    case 'capture':
      releaseCapture(stateDir, key, restore)
      return
    case 'apply':
    case 'move':
    case 'userspace':
    case 'gvisor-only': {
      const options = { sandboxPath: environment.netns, restore }
      const wasRecorded = releaseAttachment(stateDir, key, options)
      if (!wasRecorded && way !== 'apply') returnUnrecorded(call)
    }
  }
}

/**
 * Returns a device without a record: host-device moved it, or the record was lost. Its alias is its
 * name on the host. The configuration must select it, because the interface of that name may also
 * belong to another plugin.
 * @throws Failure `return-failed`
 */
function returnUnrecorded(call: Call): void {
  const { environment, configuration } = call
  const key = attachmentOf(call)
  using _attachment = lockAttachment(configuration.stateDir, key)
  // A record now means that another ADD ran since: leave its device alone.
  if (attachmentRecords(configuration.stateDir).read(key)) return
  using host = NetworkNamespace.host()
  using sandbox = openIfThere(host, environment.netns)
  const located = findByAlias(sandbox ? [sandbox, host] : [host], call)
  if (!located) return
  const { alias: name = '', ...link } = located.link
  returnDevice(host, { onHost: { ...link, name }, nameInSandbox: key.nameInSandbox }, located)
  note('info', `brought ${name} home, of which there was no record`, () => key)
}

function findByAlias(namespaces: NetworkNamespace[], call: Call): LocatedDevice | undefined {
  const { nameInSandbox } = attachmentOf(call)
  const selector = selectorOf(call.configuration)
  for (const namespace of namespaces) {
    const link = findLink(namespace.socket, { name: nameInSandbox })
    if (!link?.alias) continue
    const onHost = { ...link, name: link.alias, alternativeNames: [] }
    if (selects(selector, { onHost, nameInSandbox })) return { namespace, link }
  }
  return undefined
}
