import { CONFIGURATION_DEFAULTS } from '../../cni/configuration-defaults.js'
import { asCniError } from '../../cni/error.js'
import { startCall } from '../../deadline.js'
import { parseSelector, selects } from '../../device/selector.js'
import { listGvisorRecords } from '../../gvisor/release.js'
import { attachmentRecords } from '../../records/attachments.js'
import { type AttachmentKey, attachmentName, keyOf } from '../../records/record.js'
import type { AttachmentRecord } from '../../records/record-schema.js'
import { leaveBrokenRecords } from '../../records/store.js'
import { type Answer, documentAnswer } from '../answer.js'
import { orDamage } from '../damaged-record.js'
import { stateDirectoryOf } from '../line/state-directory.js'
import type { Repair, RepairOptions } from './attachment.js'
import { repairLocked } from './locked.js'
import { RUNTIME_RESULTS, reportedIn, resultOfRuntime } from './runtime-result.js'

/** What became of an attachment. */
interface Report extends Repair {
  device: string
  /** Of the attachment; absent for an interface of which only gVisor's part is recorded. */
  mode?: AttachmentRecord['mode']
  as: string
  containerId: string
  sandbox: string
  /** Why it could not be repaired. */
  error?: string
}

/**
 * `repair`: puts back into living sandboxes what they lack of what was lent to them. Goes on after a
 * failure.
 * @param device its name on the host, its PCI address or its MAC; undefined with `all`
 * @returns a line for each thing that was put back or not; failed if anything could not be put back
 * @throws Error if it is not clear what to repair
 */
export async function repair(
  device: string | undefined,
  options: ReadonlyMap<string, string>,
): Promise<Answer> {
  if (device === undefined && !options.has('all'))
    throw new Error('repair needs a DEVICE, or --all')
  if (device !== undefined && options.has('all'))
    throw new Error(`repair takes ${JSON.stringify(device)}, or --all, and not both`)
  const [dryRun, settings] = [options.has('dry-run'), options.has('settings')]
  if (dryRun) leaveBrokenRecords()
  const stateDir = stateDirectoryOf(options.get('state-dir'))
  const records = attachmentRecords(stateDir)
    .list()
    .filter((record) => device === undefined || isMeant(record, device))
  if (device !== undefined && records.length === 0) throw new Error(`${device} is lent to nobody`)
  const results = options.get('results') ?? RUNTIME_RESULTS
  const reports: Report[] = []
  for (const record of records) {
    const key = keyOf(record)
    const about = {
      ...aboutOf(key, record.device.onHost.name, record.sandboxPath),
      mode: record.mode,
    }
    const optionsOf = async (): Promise<RepairOptions> => {
      const result = await resultOfRuntime(results, record)
      const reportedOf: RepairOptions['reportedOf'] = (one, name) =>
        result && reportedIn(result, one, name)
      return { dryRun, settings, reportedOf }
    }
    reports.push(await reportOn(stateDir, about, () => repairLocked(stateDir, key, optionsOf)))
  }
  // Interfaces of other plugins, of which only gVisor's part is recorded.
  const attached = new Set(records.map((record) => attachmentName(keyOf(record))))
  const others = device === undefined ? await listGvisorRecords(stateDir) : []
  for (const other of others.filter((one) => !attached.has(attachmentName(one)))) {
    const about = aboutOf(other, other.nameInSandbox, other.sandboxPath)
    const optionsOf = async () => ({ dryRun, settings, reportedOf: () => undefined })
    reports.push(await reportOn(stateDir, about, () => repairLocked(stateDir, other, optionsOf)))
  }
  const failed = reports.some(({ error, refused }) => error !== undefined || refused.length > 0)
  if (options.has('json')) return documentAnswer({ attachments: reports }, failed)
  const text = reports.map((report) => asText(report, dryRun)).join('')
  return { kind: 'text', text: text || 'nothing is lent\n', failed, isDone: !dryRun }
}

function isMeant({ device }: AttachmentRecord, wanted: string): boolean {
  return ['device', 'hwaddr', 'pciBusID'].some((key) =>
    selects(parseSelector({ [key]: wanted }), device),
  )
}

type About = Pick<Report, 'device' | 'mode' | 'as' | 'containerId' | 'sandbox'>

function aboutOf(key: AttachmentKey, device: string, sandbox: string): About {
  return { device, as: key.nameInSandbox, containerId: key.containerId, sandbox }
}

async function reportOn(
  stateDir: string,
  about: About,
  repairOne: () => Promise<Repair | undefined>,
): Promise<Report> {
  const nothing: Repair = { done: [], left: [], refused: [] }
  startCall(CONFIGURATION_DEFAULTS.timeoutSeconds)
  try {
    return { ...about, ...((await repairOne()) ?? nothing) }
  } catch (error) {
    const { message, details } = asCniError(orDamage(stateDir, error))
    return { ...about, ...nothing, error: [message, details].filter(Boolean).join('; ') }
  }
}

/** For an operator, at the beginning of each line. */
function described({ device, mode, as, containerId }: About): string {
  switch (mode) {
    case 'move':
      return `${device}, lent to container ${containerId} as ${as}`
    case undefined:
      return `${as} of container ${containerId}`
    default:
      return `${as} of container ${containerId}, which has the state of ${device}`
  }
}

function asText(report: Report, dryRun: boolean): string {
  const { done, left, refused, error } = report
  const lines = [
    ...done.map((what) => `${dryRun ? 'would try to put' : 'put'} back ${what}`),
    ...left.map(({ what, reason }) => `left ${what}: ${reason}`),
    ...refused.map(({ what, reason }) => `cannot put back ${what}: ${reason}`),
    ...(error === undefined ? [] : [error]),
  ]
  const about = described(report)
  if (lines.length === 0) return `${about}: nothing to repair\n`
  // One line each, whatever name is in it.
  return lines.map((line) => `${about}: ${line.replaceAll('\n', '\\n')}\n`).join('')
}
