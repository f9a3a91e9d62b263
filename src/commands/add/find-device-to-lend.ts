import { type AttachmentKey, keyOf } from '../../attachments/attachment-key.js'
import type { AttachmentRecord } from '../../attachments/record-schema.js'
import { AttachmentStore } from '../../attachments/store.js'
import { findDevice } from '../../device/find-device.js'
import { isIdentical, locate } from '../../device/lent-device.js'
import { Failure } from '../../failure.js'
import type { NetworkNamespace } from '../../kernel/namespace.js'
import { findLink } from '../../kernel/netlink/link.js'
import type { Link } from '../../kernel/netlink/link-schema.js'
import { warn } from '../../log.js'
import type { Call } from '../call.js'
import { choiceOf } from '../choice.js'
import { endAttachment } from '../end-attachment.js'
import { endKeeping } from '../end-keepings.js'
import { isLoanOf } from '../loan-of.js'

/**
 * The host device that the configuration means. One that the kernel handed back when
 * its sandbox died, under the name it had there, gets its own name back first.
 * @throws Failure `busy` that says who has it, or those of `findDevice`
 */
export async function findDeviceToLend(host: NetworkNamespace, call: Call): Promise<Link> {
  try {
    const device = findDevice(host, choiceOf(call.configuration))
    // Only what was lent has an alias that may be of our making.
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
 * The device as it is now that it is locked.
 * @throws Failure `busy` where another call has lent it meanwhile
 */
export function requireStillThere(host: NetworkNamespace, call: Call, device: Link): Link {
  const link = findLink(host.socket, { index: device.index })
  if (link && isIdentical(link, device) && link.name === device.name) return link
  const loan = loanOf(call, device)
  throw loan ? lentAlready(loan) : new Failure('busy', `${device.name} has just left the host`)
}

/**
 * Refuses a second device under the same attachment: the record of the first would be lost.
 * @throws Failure `busy`
 */
export function requireNoLoan(
  host: NetworkNamespace,
  store: AttachmentStore,
  key: AttachmentKey,
): void {
  const record = store.read(key)
  if (record?.mode !== 'move') return
  const { device } = record
  if (locate(device, [host])?.link.name !== device.onHost.name) throw lentAlready(record)
}

function loanOf({ configuration }: Call, device?: Link): AttachmentRecord | undefined {
  const choice = choiceOf(configuration)
  return AttachmentStore.ofAttachments(configuration.stateDir)
    .list()
    .filter(({ mode }) => mode === 'move')
    .find((record) =>
      device ? isIdentical(device, record.device.onHost) : isLoanOf(record, choice),
    )
}

async function reclaim(host: NetworkNamespace, { configuration }: Call, loan: AttachmentRecord) {
  if (!locate(loan.device, [host])) throw lentAlready(loan)
  warn(`${loan.device.onHost.name} is back from ${loan.sandboxPath}, which is gone`)
  const { stateDir, restoreOnDelete } = configuration
  endAttachment(stateDir, keyOf(loan), { restore: restoreOnDelete })
  await endKeeping(stateDir, keyOf(loan))
  return findDevice(host, choiceOf(configuration))
}

function lentAlready({ device, containerId, sandboxPath }: AttachmentRecord): Failure {
  const { onHost, nameInSandbox } = device
  return new Failure(
    'busy',
    `${onHost.name} is lent to container ${containerId}, as ${nameInSandbox} in sandbox ${sandboxPath}`,
    'nothing was changed; DEL or GC of that attachment brings it home',
  )
}
