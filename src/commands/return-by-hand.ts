import { runAll } from '../cni/error.js'
import { RETURN_SECONDS, startCall } from '../deadline.js'
import { findLentDevice } from '../device/lent-device.js'
import { Failure } from '../failure.js'
import { releaseGvisorRecord } from '../gvisor/release.js'
import { NetworkNamespace } from '../kernel/namespace.js'
import { attachmentRecords, loansIn } from '../records/attachments.js'
import { describeBorrower } from '../records/describe-loan.js'
import { keyOf } from '../records/record.js'
import type { AttachmentRecord } from '../records/record-schema.js'
import type { Answer } from './answer.js'
import { orDamage } from './damaged-record.js'
import { stateDirectoryOf } from './line/state-directory.js'
import type { Given } from './line/subcommand.js'
import { releaseAttachment } from './release.js'

/**
 * `return`: brings lent devices home without their configuration, as DEL does. Goes on after a
 * failure, and reports all.
 * @throws Failure `not-available` if nothing of that name is lent; CniError that names every device
 *   that could not be returned
 */
export async function returnByHand({ operands: [device], options }: Given): Promise<Answer> {
  const container = options.get('container')
  if (device === undefined && container === undefined)
    throw new Error('return needs a DEVICE, or --container ID, or both')
  startCall(RETURN_SECONDS)
  const stateDir = stateDirectoryOf(options.get('state-dir'))
  const loans = loansIn(attachmentRecords(stateDir))
  const named = device === undefined ? loans : loansOfDevice(loans, device)
  const meant = container === undefined ? onlyOne(named, device) : loansTo(named, container)
  const lines: string[] = []
  try {
    await runAll(
      meant.map((loan) => async () => {
        lines.push(await bringHome(stateDir, loan, !options.has('bare')))
      }),
    )
  } catch (error) {
    throw orDamage(stateDir, error)
  }
  return { kind: 'text', text: lines.join(''), failed: false, isDone: true }
}

function loansOfDevice(loans: AttachmentRecord[], name: string): AttachmentRecord[] {
  const found = loans.filter(
    ({ device: { onHost } }) => onHost.name === name || onHost.alternativeNames.includes(name),
  )
  return orNothing(found, `no device ${JSON.stringify(name)} is lent`)
}

function onlyOne(found: AttachmentRecord[], name = ''): AttachmentRecord[] {
  if (found.length <= 1) return found
  throw new Failure(
    'not-available',
    `several devices of the name ${name} are lent: to ${found.map(describeBorrower).join(', ')}`,
    'name the container that it is to come home from, with --container',
  )
}

/** @param id the container's id, or the first characters of it if no other one begins so */
function loansTo(loans: AttachmentRecord[], id: string): AttachmentRecord[] {
  const exactly = loans.filter(({ containerId }) => containerId === id)
  if (exactly.length > 0) return exactly
  const start = id.replace(/…$/, '')
  const found = loans.filter(({ containerId }) => containerId.startsWith(start))
  const ids = new Set(found.map(({ containerId }) => containerId))
  if (ids.size > 1)
    throw new Failure(
      'not-available',
      `several containers with lent devices have an id that begins with ${start}`,
      `they are ${[...ids].join(', ')}`,
    )
  return orNothing(found, `nothing is lent to a container ${JSON.stringify(id)}`)
}

function orNothing(found: AttachmentRecord[], complaint: string): AttachmentRecord[] {
  if (found.length > 0) return found
  throw new Failure('not-available', complaint, "'host-device-l3 list' shows what is lent")
}

/** @returns a line that says how it went */
async function bringHome(
  stateDir: string,
  loan: AttachmentRecord,
  restore: boolean,
): Promise<string> {
  const key = keyOf(loan)
  const { device } = loan
  // First, as in DEL: the address keeper would take the move for gVisor removing the addresses.
  await releaseGvisorRecord(stateDir, key)
  const wasLent = releaseAttachment(stateDir, key, { restore })
  using host = NetworkNamespace.host()
  const home = findLentDevice(host, device)
  const from = `from ${describeBorrower(loan)}`
  if (!wasLent) return `${device.onHost.name} came home ${from} by itself, or by another call\n`
  return home
    ? `${home.name} is home ${from}, ${home.up ? 'up' : 'down'}\n`
    : `${device.onHost.name} does not exist any more; its record was removed\n`
}
