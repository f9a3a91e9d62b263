import { findLentDevice } from '../../device/lent-device.js'
import { searchEverywhere } from '../../device/search.js'
import type { NetworkNamespace } from '../../kernel/namespace.js'
import { findLink } from '../../kernel/netlink/link.js'
import { printable } from '../../printable.js'
import { isOfThisBoot } from '../../records/record.js'
import type { AttachmentRecord } from '../../records/record-schema.js'
import { openRecorded } from '../namespaces.js'

/** Where the device of a record is now, or the interface that has its state. */
export type Place =
  /** In its sandbox, back on the host, or in another namespace, under that name. */
  | { in: 'sandbox' | 'host' | 'elsewhere'; as: string; up: boolean; path?: string }
  /** A virtual device is destroyed with its sandbox. An interface of another plugin may be anywhere. */
  | { in: 'nowhere' }
  /** The node was started again since then, so that every device is at home. */
  | { in: 'earlier-boot' }
  | { in: 'unknown'; why: string }

/** Looks for the device of a record, or for the interface that has its state. */
export function placeOf(host: NetworkNamespace, record: AttachmentRecord): Place {
  if (!isOfThisBoot(record)) return { in: 'earlier-boot' }
  try {
    return search(host, record)
  } catch (error) {
    return { in: 'unknown', why: (error as Error).message }
  }
}

function search(host: NetworkNamespace, record: AttachmentRecord): Place {
  const { device } = record
  if (record.mode === 'apply') return placeOfInterface(host, record)
  const onHost = findLentDevice(host, device)
  if (onHost) return { in: 'host', as: printable(onHost.name), up: onHost.up }
  using sandbox = openRecorded(host, record.sandboxPath, record)
  const inSandbox = sandbox && findLentDevice(sandbox, device)
  if (inSandbox) return { in: 'sandbox', as: printable(inSandbox.name), up: inSandbox.up }
  const found = searchEverywhere(host, sandbox ? [host, sandbox] : [host], record, (located) => {
    const { namespace, link } = located
    return { in: 'elsewhere' as const, as: printable(link.name), up: link.up, path: namespace.path }
  })
  return found ?? { in: 'nowhere' }
}

/** Of what was applied: the device may be anywhere, and the interface counts that has its state. */
export function placeOfInterface(host: NetworkNamespace, record: AttachmentRecord): Place {
  const { device, added, sandboxPath } = record
  using sandbox = openRecorded(host, sandboxPath, record)
  if (!sandbox) return { in: 'unknown', why: `its sandbox is not at ${sandboxPath} any more` }
  const index = added?.onInterface?.index
  const wanted = index === undefined ? { name: device.nameInSandbox } : { index }
  const link = findLink(sandbox.socket, wanted)
  return link ? { in: 'sandbox', as: printable(link.name), up: link.up } : { in: 'nowhere' }
}

/** For an operator, without a full stop. */
export function describePlace(place: Place, { mode }: AttachmentRecord): string {
  switch (place.in) {
    case 'sandbox':
      return `in its sandbox as ${place.as}, ${place.up ? 'up' : 'down'}`
    case 'host':
      return `on the host as ${place.as}, ${place.up ? 'up' : 'down'}`
    case 'elsewhere':
      return `in another network namespace, ${place.path}, as ${place.as}`
    case 'nowhere':
      return `${mode === 'apply' ? 'its interface is not in the sandbox' : 'destroyed'}; DEL or GC removes the record`
    case 'earlier-boot':
      return 'at home: the node was started again since; DEL or GC removes the record'
    case 'unknown':
      return `not found: ${place.why}`
  }
}
