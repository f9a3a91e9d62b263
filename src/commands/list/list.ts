import { startCall } from '../../deadline.js'
import { gvisorRecords } from '../../gvisor/record.js'
import type { GvisorRecord } from '../../gvisor/record-schema.js'
import { NetworkNamespace } from '../../kernel/namespace.js'
import { SCOPE } from '../../kernel/netlink/constants.js'
import { printableLine } from '../../printable.js'
import { attachmentRecords, captureRecords, outstandingRecords } from '../../records/attachments.js'
import { describeLoan } from '../../records/describe-loan.js'
import { type Remark, remarkOn } from '../../records/other-file.js'
import { attachmentName, isLoan, keyOf } from '../../records/record.js'
import type { AttachmentRecord } from '../../records/record-schema.js'
import type { OtherFile, RecordStore } from '../../records/store.js'
import { describeAddress } from '../../state/describe.js'
import { unpacked } from '../../state/packed.js'
import { carried } from '../../state/reasons.js'
import type { Answer } from '../answer.js'
import { stateDirectoryOf } from '../line/state-directory.js'
import { answerWith, type Given } from '../line/subcommand.js'
import { describePlace, type Place, placeOf } from './place.js'

/** For all devices together. */
const TIMEOUT_SECONDS = 60

/** A record, and where its device is. */
interface Entry {
  record: AttachmentRecord
  now: Place
}

/**
 * `list`: what is lent, to whom, and where it is; what is captured, and what could not be restored
 * yet; and which files may be records that cannot be understood. These stay as they are.
 * @throws Failure `state-unusable`
 */
export function list(given: Given): Answer {
  startCall(TIMEOUT_SECONDS)
  const stateDir = stateDirectoryOf(given.options.get('state-dir'))
  using host = NetworkNamespace.host()
  const others: OtherFile[] = []
  const entriesIn = (store: RecordStore<AttachmentRecord>): Entry[] =>
    store
      .look((other) => others.push(other))
      .sort((one, other) => one.lentAt - other.lentAt)
      .map((record) => ({ record, now: placeOf(host, record) }))
  const loans = entriesIn(attachmentRecords(stateDir))
  const captures = entriesIn(captureRecords(stateDir))
  const outstanding = entriesIn(outstandingRecords(stateDir))
  const attached = new Set(loans.map(({ record }) => attachmentName(keyOf(record))))
  // Of the others, the device is shown already.
  const inGvisor = gvisorRecords(stateDir)
    .look((other) => others.push(other))
    .filter((record) => !attached.has(attachmentName(record)))
  const remarks = others.map((other) => ({ file: other.path, ...remarkOn(other) }))
  return answerWith(
    given,
    () => ({
      loans: loans.map(asObject),
      captures: captures.map(asObject),
      outstanding: outstanding.map(outstandingAsObject),
      gvisor: inGvisor.map(inGvisorAsObject),
      ...(remarks.length === 0 ? {} : { others: remarks }),
    }),
    () => {
      const sections = [
        ...[...loans, ...captures].map(asText),
        ...outstanding.map(outstandingAsText),
        ...inGvisor.map(inGvisorAsText),
        ...remarks.map(remarkAsText),
      ]
      return `${sections.join('\n\n') || 'nothing is lent'}\n`
    },
  )
}

function asObject({ record, now }: Entry): object {
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

function asText({ record, now }: Entry): string {
  const { up, addresses, routes, rules } = hostStateOf(record)
  const had = [up ? 'up' : 'down', ...addresses, count(routes, 'route'), count(rules, 'rule')]
  return [
    describeLoan(record),
    `  network ${record.network}${isLoan(record) ? '' : `, mode ${record.mode}`}`,
    `  now     ${describePlace(now, record)}`,
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

function outstandingAsObject({ record, now }: Entry): object {
  const { device, network, lentAt } = record
  const since = new Date(lentAt * 1000).toISOString()
  return { device: device.onHost.name, network, since, now, state: toBeRestored(record) }
}

/** What is still to be restored. Of what shares its place it has all. */
function toBeRestored({ state: packed }: AttachmentRecord) {
  const state = unpacked(packed)
  return {
    addresses: state.addresses.map(({ value }) => describeAddress(value)),
    routes: state.routes.length,
    nexthopObjects: state.nexthopObjects?.length ?? 0,
    neighbours: state.neighbors.length,
    sysctls: state.sysctls.map(({ name }) => name),
  }
}

function outstandingAsText({ record, now }: Entry): string {
  const { addresses, routes, nexthopObjects, neighbours, sysctls } = toBeRestored(record)
  const counts = Object.entries({
    route: routes,
    'nexthop object': nexthopObjects,
    neighbour: neighbours,
  })
  const counted = counts.flatMap(([what, number]) => (number > 0 ? count(number, what) : []))
  const state = [...addresses, ...counted, ...sysctls]
  return [
    `${record.device.onHost.name} has not got all of its state back; each ADD, DEL and GC tries again`,
    `  network ${record.network}`,
    `  now     ${describePlace(now, record)}`,
    `  state   ${state.join(', ') || 'settings'}`,
  ]
    .map(printableLine)
    .join('\n')
}

function inGvisorAsObject(record: GvisorRecord): object {
  const { network, containerId, interfaceName, nameInSandbox, sandboxPath, kept } = record
  const addresses = kept.map(({ local }) => local)
  return { network, containerId, interfaceName, nameInSandbox, sandboxPath, addresses }
}

function inGvisorAsText(record: GvisorRecord): string {
  const { network, containerId, nameInSandbox, sandboxPath, kept } = record
  const addresses = kept.map(({ local }) => local).join(', ')
  return [
    `${nameInSandbox} of container ${containerId} is in a gVisor sandbox, ${sandboxPath}`,
    `  network ${network}`,
    `  keeps   ${addresses || 'nothing'}`,
  ]
    .map(printableLine)
    .join('\n')
}
