import { bounded } from '../bounded.js'
import { CniError, ErrorCode } from '../cni/error.js'
import { findLentDevice } from '../device/lent-device.js'
import { Failure } from '../failure.js'
import { NetworkNamespace } from '../kernel/namespace.js'
import { findLink } from '../kernel/netlink/link.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { attachmentRecords, captureRecords } from '../records/attachments.js'
import { elapsedSeconds } from '../records/record.js'
import type { AttachmentRecord } from '../records/record-schema.js'
import type { RecordStore } from '../records/store.js'
import { carriedState } from '../state/carry.js'
import { asFaults, beyond, missingAssignment, missingState } from '../state/verify.js'
import {
  attachmentOf,
  type Call,
  gvisorOf,
  ipamOf,
  nameInSandbox,
  reportedAssignment,
  reportedInterface,
} from './call.js'
import { wayOf } from './way.js'

/**
 * CHECK: the device is in the sandbox, under its name and up, and has what was carried and assigned
 * and is still in prevResult. Later plugins may add anything, and change or remove what they
 * change in the result too.
 * @throws Failure `not-as-left` that lists every difference
 */
export async function check(call: Call): Promise<undefined> {
  const { configuration } = call
  const ipam = await ipamOf(call)
  await ipam?.request('CHECK')
  if (!configuration.prevResult)
    throw new CniError(ErrorCode.invalidConfiguration, 'Required prevResult missing')
  switch (wayOf(call)) {
    case 'capture':
      requireRecord(captureRecords(configuration.stateDir), call)
      return
    case 'userspace':
      return
    case 'gvisor-only':
      return checkGvisorOnly(call)
    case 'move':
    case 'apply':
      return checkDevice(call)
  }
}

async function checkDevice(call: Call): Promise<undefined> {
  const { environment, configuration } = call
  const gvisor = await gvisorOf(call)
  if (configuration.repairOnCheck) await repairFirst(call)
  const record = requireRecord(attachmentRecords(configuration.stateDir), call)
  const { onHost } = record.device
  using host = NetworkNamespace.host()
  using sandbox = host.open(environment.netns)
  if (record.sandbox && !sandbox.is(record.sandbox))
    throw new Failure('not-as-left', `another namespace than that of ADD is at ${sandbox.path}`)
  const link = findInSandbox(sandbox, record)
  if (!link) {
    const name = record.mode === 'move' ? onHost.name : record.device.nameInSandbox
    throw new Failure('not-as-left', `${name} is not in ${sandbox.name}`)
  }
  const { name } = reportedInterface(call, link.name) ?? { name: nameInSandbox(call) }
  const reported = reportedAssignment(call, name)
  const state = carriedState(record.state, onHost)
  const missing = () => [
    ...missingState(
      sandbox,
      onHost,
      link,
      { state, elapsedSeconds: elapsedSeconds(record) },
      reported,
    ),
    ...missingAssignment(sandbox, link, beyond(reported, state)),
  ]
  requireFaultless(sandbox, link, [
    ...linkFaults(link, record, call),
    ...(record.device.programs?.length ? await programFaults(sandbox, link, record) : []),
    ...(record.device.rdma ? await rdmaFaults(sandbox, record) : []),
    ...(gvisor?.faults(sandbox, link, missing) ?? asFaults(missing())),
  ])
}

async function repairFirst(call: Call): Promise<void> {
  const { repairOnCheck } = await import('./repair/on-check.js')
  await repairOnCheck(call)
}

/** CHECK for an interface that another plugin created and configured (gVisor only). */
async function checkGvisorOnly(call: Call): Promise<undefined> {
  const gvisor = await gvisorOf(call)
  if (call.configuration.repairOnCheck) await repairFirst(call)
  using host = NetworkNamespace.host()
  using sandbox = host.open(call.environment.netns)
  const name = nameInSandbox(call)
  const link = findLink(sandbox.socket, { name })
  if (!link) throw new Failure('not-as-left', `${name} is not in ${sandbox.name}`)
  const missing = () => missingAssignment(sandbox, link, reportedAssignment(call))
  requireFaultless(sandbox, link, [
    ...(link.up ? [] : ['it is down']),
    ...(gvisor?.faults(sandbox, link, missing) ?? asFaults(missing())),
  ])
}

function requireFaultless(sandbox: NetworkNamespace, link: Link, faults: string[]): undefined {
  if (faults.length > 0)
    throw new Failure(
      'not-as-left',
      `${link.name} in ${sandbox.name}: ${bounded(faults).join('; ')}`,
    )
}

function requireRecord(store: RecordStore<AttachmentRecord>, call: Call): AttachmentRecord {
  const key = attachmentOf(call)
  const record = store.read(key)
  if (record) return record
  throw new Failure(
    'not-as-left',
    `no device is lent to container ${key.containerId} as ${key.nameInSandbox}`,
  )
}

/** A moved device is found by its identity, an interface of another plugin by its index or name. */
function findInSandbox(
  sandbox: NetworkNamespace,
  { mode, device, added }: AttachmentRecord,
): Link | undefined {
  if (mode === 'move') return findLentDevice(sandbox, device)
  const index = added?.onInterface?.index
  const same = index === undefined ? undefined : findLink(sandbox.socket, { index })
  return same ?? findLink(sandbox.socket, { name: device.nameInSandbox })
}

async function programFaults(
  sandbox: NetworkNamespace,
  link: Link,
  { mode, device }: AttachmentRecord,
): Promise<string[]> {
  if (mode !== 'move') return []
  const { missingPrograms } = await import('../device/programs.js')
  return missingPrograms(sandbox, device, link).map(
    (program) => `${program} of the host is not on it`,
  )
}

async function rdmaFaults(
  sandbox: NetworkNamespace,
  { device }: AttachmentRecord,
): Promise<string[]> {
  const { missingRdma } = await import('../device/rdma.js')
  return missingRdma(sandbox, device).map(({ name }) => `its RDMA device ${name} is not there`)
}

/** The name and the MAC may be those that ADD left, or those that prevResult reports. */
function linkFaults(link: Link, { mode, device }: AttachmentRecord, call: Call): string[] {
  const faults: string[] = []
  const reported = reportedInterface(call, link.name)
  if (!reported && reportedInterface(call))
    faults.push(`its name should be ${device.nameInSandbox}`)
  if (!link.up) faults.push('it is down')
  const reportedMac = (reported ?? reportedInterface(call))?.mac
  const macs = [...(mode === 'move' ? [device.onHost.hardwareAddress] : []), reportedMac]
  if (macs[0] !== undefined && !macs.includes(link.hardwareAddress))
    faults.push(`its MAC is ${link.hardwareAddress}, and should be ${macs[0]}`)
  return faults
}
