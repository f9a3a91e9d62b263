import { startCall } from '../deadline.js'
import { findLentDevice } from '../device/lent-device.js'
import { searchEverywhere } from '../device/search.js'
import { NetworkNamespace } from '../kernel/namespace.js'
import { SCOPE } from '../kernel/netlink/constants.js'
import { findLink } from '../kernel/netlink/link.js'
import { printable, printableLine } from '../printable.js'
import { attachmentRecords } from '../records/attachments.js'
import { describeLoan } from '../records/describe-loan.js'
import { type Remark, remarkOn } from '../records/other-file.js'
import { isLoan, isOfThisBoot } from '../records/record.js'
import type { AttachmentRecord } from '../records/record-schema.js'
import type { OtherFile } from '../records/store.js'
import { describeAddress } from '../state/describe.js'
import { unpacked } from '../state/packed.js'
import { carried } from '../state/reasons.js'
import type { Answer } from './answer.js'
import { stateDirectoryOf } from './line/state-directory.js'
import { answerWith, type Given } from './line/subcommand.js'
import { openRecorded } from './namespaces.js'

/** For all devices together. */
const TIMEOUT_SECONDS = 60

/** Where a lent device is now, or the interface that has its state. */
type Place =
  /** In its sandbox, back on the host, or in another namespace, under that name. */
  | { in: 'sandbox' | 'host' | 'elsewhere'; as: string; up: boolean; path?: string }
  /** A virtual device is destroyed with its sandbox. An interface of another plugin may be anywhere. */
  | { in: 'nowhere' }
  /** The node was started again since then, so that every device is at home. */
  | { in: 'earlier-boot' }
  | { in: 'unknown'; why: string }

/** A record, and where its device is. */
interface Loan {
  record: AttachmentRecord
  now: Place
}

/**
 * `list`: what is lent, to whom, and where it is; and which files may be records that cannot be
 * understood. These stay as they are.
 * @throws Failure `state-unusable`
 */
export function list(given: Given): Answer {
  startCall(TIMEOUT_SECONDS)
  const stateDir = stateDirectoryOf(given.options.get('state-dir'))
  using host = NetworkNamespace.host()
  const others: OtherFile[] = []
  const loans = attachmentRecords(stateDir)
    .look((other) => others.push(other))
    .sort((one, other) => one.lentAt - other.lentAt)
    .map((record) => ({ record, now: placeOf(host, record) }))
  const remarks = others.map((other) => ({ file: other.path, ...remarkOn(other) }))
  const sections = () => [...loans.map(asText), ...remarks.map(remarkAsText)]
  return answerWith(
    given,
    () => ({ loans: loans.map(asObject), ...(remarks.length === 0 ? {} : { others: remarks }) }),
    () => `${sections().join('\n\n') || 'nothing is lent'}\n`,
  )
}

function placeOf(host: NetworkNamespace, record: AttachmentRecord): Place {
  if (!isOfThisBoot(record)) return { in: 'earlier-boot' }
  try {
    return search(host, record)
  } catch (error) {
    return { in: 'unknown', why: (error as Error).message }
  }
}

function search(host: NetworkNamespace, record: AttachmentRecord): Place {
  const { device } = record
  if (!isLoan(record)) return placeOfInterface(host, record)
  const onHost = findLentDevice(host, device)
  if (onHost) return { in: 'host', as: printable(onHost.name), up: onHost.up }
  using sandbox = openRecorded(host, record.sandboxPath, record)
  const inSandbox = sandbox && findLentDevice(sandbox, device)
  if (inSandbox) return { in: 'sandbox', as: printable(inSandbox.name), up: inSandbox.up }
  const found = searchEverywhere(host, sandbox ? [host, sandbox] : [host], device, (located) => {
    const { namespace, link } = located
    return { in: 'elsewhere' as const, as: printable(link.name), up: link.up, path: namespace.path }
  })
  return found ?? { in: 'nowhere' }
}

/** Of what was applied: the device may be anywhere, and the interface counts that has its state. */
function placeOfInterface(host: NetworkNamespace, record: AttachmentRecord): Place {
  const { device, added, sandboxPath } = record
  using sandbox = openRecorded(host, sandboxPath, record)
  if (!sandbox) return { in: 'unknown', why: `its sandbox is not at ${sandboxPath} any more` }
  const index = added?.onInterface?.index
  const wanted = index === undefined ? { name: device.nameInSandbox } : { index }
  const link = findLink(sandbox.socket, wanted)
  return link ? { in: 'sandbox', as: printable(link.name), up: link.up } : { in: 'nowhere' }
}

function asObject({ record, now }: Loan): object {
  const { device, mode, network, pod, containerId, interfaceName, sandboxPath, lentAt } = record
  return {
    device: device.onHost.name,
    mode,
    network,
    ...(pod ? { pod } : {}),
    containerId,
    interfaceName,
    nameInSandbox: device.nameInSandbox,
    sandboxPath,
    since: new Date(lentAt * 1000).toISOString(),
    now,
    hostState: hostStateOf(record),
  }
}

/** What the host had for the device. */
function hostStateOf({ device, state }: AttachmentRecord) {
  const { onHost } = device
  return {
    up: onHost.up,
    // The kernel makes a link-local address by itself.
    addresses: state.addresses
      .filter(({ value }) => value.scope < SCOPE.link)
      .map(({ value }) => describeAddress(value)),
    routes: carried(unpacked(state).routes).length,
    rules: state.rules.filter(({ leftBehind }) => leftBehind === undefined).length,
  }
}

function asText(loan: Loan): string {
  const { record, now } = loan
  const { up, addresses, routes, rules } = hostStateOf(record)
  const had = [up ? 'up' : 'down', ...addresses, count(routes, 'route'), count(rules, 'rule')]
  return [
    describeLoan(record),
    `  network ${record.network}${isLoan(record) ? '' : `, mode ${record.mode}`}`,
    `  now     ${placeText(now, isLoan(record))}`,
    `  before  ${had.join(', ')}`,
  ]
    .map(printableLine)
    .join('\n')
}

function remarkAsText({ text, cure }: Remark): string {
  return `warning: ${text}\n  cure: ${cure}`
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}

function placeText(place: Place, isLoan: boolean): string {
  switch (place.in) {
    case 'sandbox':
      return `in its sandbox as ${place.as}, ${place.up ? 'up' : 'down'}`
    case 'host':
      return `on the host as ${place.as}, ${place.up ? 'up' : 'down'}`
    case 'elsewhere':
      return `in another network namespace, ${place.path}, as ${place.as}`
    case 'nowhere':
      return `${isLoan ? 'destroyed' : 'its interface is not in the sandbox'}; DEL or GC removes the record`
    case 'earlier-boot':
      return 'at home: the node was started again since; DEL or GC removes the record'
    case 'unknown':
      return `not found: ${place.why}`
  }
}
