import { missingRdma, moveRdma, rdmaOnHost } from '../../device/rdma.js'
import type { NetworkNamespace } from '../../kernel/namespace.js'
import type { AttachmentKey } from '../../records/record.js'
import type { AttachmentRecord } from '../../records/record-schema.js'
import type { RecordStore } from '../../records/store.js'
import type { Repair } from './attachment.js'

/**
 * Moves the RDMA devices of a lent NIC after it that are on the host: the driver made them again with
 * the NIC, which was reset, or an earlier repair was ended before it moved them.
 */
export function repairRdma(
  host: NetworkNamespace,
  sandbox: NetworkNamespace,
  store: RecordStore<AttachmentRecord>,
  key: AttachmentKey,
  dryRun: boolean,
): Pick<Repair, 'done' | 'refused'> {
  // Which may have changed since the NIC was repaired.
  const record = store.read(key)
  const rdma = record ? rdmaOnHost(host, record.device) : []
  if (!record || rdma.length === 0) return { done: [], refused: [] }
  const what = (name: string) => `RDMA device ${name}, from the host into ${sandbox.name}`
  if (dryRun) return { done: rdma.map(({ name }) => what(name)), refused: [] }
  const lost = missingRdma(sandbox, record.device)
  const others = record.device.rdma?.filter((one) => !lost.includes(one)) ?? []
  const again = { ...record, device: { ...record.device, rdma: [...others, ...rdma] } }
  // Before the move: whenever this process ends, DEL knows them.
  store.write(again)
  const { lent, stayed } = moveRdma(host, sandbox, again.device)
  if (stayed.length > 0) store.write({ ...again, device: lent })
  return {
    done: rdma
      .filter(({ name }) => !stayed.some((one) => one.name === name))
      .map(({ name }) => what(name)),
    refused: stayed.map(({ name, reason }) => ({ what: what(name), reason })),
  }
}
