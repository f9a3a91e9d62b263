import { isStripped, missingKept } from '../../gvisor/check.js'
import { isWaiting, keeperOf, putBackOnce, startKeeper } from '../../gvisor/keeper-process.js'
import { gvisorRecords } from '../../gvisor/record.js'
import type { GvisorRecord } from '../../gvisor/record-schema.js'
import { NetworkNamespace } from '../../kernel/namespace.js'
import { findLink } from '../../kernel/netlink/link.js'
import type { Link } from '../../kernel/netlink/link-schema.js'
import { openRecorded } from '../namespaces.js'
import { leave, type Repair } from './attachment.js'

/**
 * Does what the address keeper of an interface would have done, if that has ended: puts the addresses
 * back that gVisor removed. Before gVisor removes them, it starts another keeper for the time that
 * is left. All else of the interface stays as it is: its routes are in gVisor's stack. The caller has the
 * lock of the attachment.
 * @throws Error if the kernel refuses
 */
export function repairInGvisor(stateDir: string, record: GvisorRecord, dryRun: boolean): Repair {
  const { keeper, interfaceIndex } = record
  if (record.kept.length === 0 || (keeper && isWaiting(keeper))) return leaveToGvisor()
  if (!record.sandbox)
    return leave('all', 'the record, of an earlier version, does not say which sandbox it is')
  using host = NetworkNamespace.host()
  using sandbox = openRecorded(host, record.sandboxPath, { sandbox: record.sandbox })
  if (!sandbox) return leave('all', 'its sandbox is gone; DEL or GC ends the attachment')
  const link = findLink(sandbox.socket, { index: interfaceIndex })
  if (!link)
    return leave('all', 'its interface is gone; the plugin that made it would have to make it')
  if (isStripped(sandbox, link, record)) return putBackMissing(sandbox, link, record, dryRun)
  const secondsLeft = keeper ? keeper.until - Date.now() / 1000 : 0
  if (secondsLeft <= 0) return leaveToGvisor()
  if (!dryRun) {
    const started = keeperOf(startKeeper(sandbox, record, secondsLeft), secondsLeft)
    gvisorRecords(stateDir).write({ ...record, keeper: started })
  }
  return { done: ['its address keeper'], left: [], refused: [] }
}

function leaveToGvisor(): Repair {
  return leave('all else', 'gVisor rules that sandbox')
}

function putBackMissing(
  sandbox: NetworkNamespace,
  link: Link,
  record: GvisorRecord,
  dryRun: boolean,
): Repair {
  const missing = missingKept(sandbox, link, record)
  if (missing.length === 0) return leaveToGvisor()
  const done = missing.map(({ local, prefixLength }) => `${local}/${prefixLength}`)
  const outcome = dryRun ? 'put back' : putBackOnce(sandbox, record)
  if (outcome === 'put back') return { done, left: [], refused: [] }
  const reason = outcome ?? 'the address keeper was killed'
  return { done: [], left: [], refused: done.map((what) => ({ what, reason })) }
}
