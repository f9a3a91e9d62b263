import { isSameDevice, locate } from '../../device/lent-device.js'
import { findDevice, selects } from '../../device/selector.js'
import { Failure } from '../../failure.js'
import { releaseGvisorRecord } from '../../gvisor/release.js'
import type { NetworkNamespace } from '../../kernel/namespace.js'
import { findLink } from '../../kernel/netlink/link.js'
import type { Link } from '../../kernel/netlink/link-schema.js'
import { warn } from '../../log.js'
import { type AttachmentKey, keyOf } from '../../records/record.js'
import type { AttachmentRecord } from '../../records/record-schema.js'
import { attachmentRecords, type RecordStore } from '../../records/store.js'
import type { Call } from '../call.js'
import { releaseAttachment } from '../release.js'
import { selectorOf } from '../way.js'

/**
 * The host device that the configuration selects. If the kernel returned it to the host when its
 * sandbox died, it still has its sandbox name: that attachment is released first, which renames the
 * device.
 * @throws Failure `busy` that names the container it is lent to, or the errors of `findDevice`
 */
export async function claimDevice(host: NetworkNamespace, call: Call): Promise<Link> {
  try {
    const device = findDevice(host, selectorOf(call.configuration))
    // A device without an alias cannot have been lent: lending sets one.
    const loan = device.alias === undefined ? undefined : loanOf(call, device)
    return loan ? await reclaim(host, call, loan) : device
  } catch (error) {
    const isAbsent = error instanceof Failure && error.kind === 'device-not-found'
    const loan = isAbsent ? loanOf(call) : undefined
    if (!loan) throw error
    return await reclaim(host, call, loan)
  }
}

/**
 * Reads the device again after its lock was taken.
 * @throws Failure `busy` if another call lent it in between
 */
export function requireStillThere(host: NetworkNamespace, call: Call, device: Link): Link {
  const link = findLink(host.socket, { index: device.index })
  if (link && isSameDevice(link, device) && link.name === device.name) return link
  const loan = loanOf(call, device)
  throw loan ? lentAlready(loan) : new Failure('busy', `${device.name} has just left the host`)
}

/**
 * Refuses to lend a second device under the same attachment: it would overwrite the first one's
 * record.
 * @throws Failure `busy`
 */
export function requireNoLoan(
  host: NetworkNamespace,
  store: RecordStore<AttachmentRecord>,
  key: AttachmentKey,
): void {
  const record = store.read(key)
  if (record?.mode !== 'move') return
  const { device } = record
  if (locate(device, [host])?.link.name !== device.onHost.name) throw lentAlready(record)
}

function loanOf({ configuration }: Call, device?: Link): AttachmentRecord | undefined {
  const selector = selectorOf(configuration)
  return attachmentRecords(configuration.stateDir)
    .list()
    .filter(({ mode }) => mode === 'move')
    .find((record) =>
      device ? isSameDevice(device, record.device.onHost) : selects(selector, record.device),
    )
}

async function reclaim(host: NetworkNamespace, { configuration }: Call, loan: AttachmentRecord) {
  if (!locate(loan.device, [host])) throw lentAlready(loan)
  warn(`${loan.device.onHost.name} is back from ${loan.sandboxPath}, which is gone`)
  const { stateDir, restoreOnDelete } = configuration
  releaseAttachment(stateDir, keyOf(loan), { restore: restoreOnDelete })
  await releaseGvisorRecord(stateDir, keyOf(loan))
  return findDevice(host, selectorOf(configuration))
}

function lentAlready({ device, containerId, sandboxPath }: AttachmentRecord): Failure {
  const { onHost, nameInSandbox } = device
  return new Failure(
    'busy',
    `${onHost.name} is lent to container ${containerId}, as ${nameInSandbox} in sandbox ${sandboxPath}`,
    'nothing was changed; DEL or GC of that attachment brings it home',
  )
}
