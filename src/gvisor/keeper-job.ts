import { fstatSync } from 'node:fs'
import { addressBytes, familyNumber } from '../kernel/ip-address.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import { addressRequest } from '../kernel/netlink/address.js'
import { writeU32 } from '../kernel/netlink/bytes.js'
import { ADDRESS_FLAG } from '../kernel/netlink/constants.js'
import { encodeRequest, Flag } from '../kernel/netlink/message.js'
import { type PreparedLine, prepareNote } from '../log.js'
import type { GvisorRecord, InterfaceAddress } from './record-schema.js'

/** Outcomes of the address keeper. Its exit status is the index (`enum outcome` of keeper.c). */
export const OUTCOMES = [
  ...(['put back', 'not needed', 'refused', 'sandbox gone'] as const),
  'it has another version',
  'its job is malformed',
] as const

/** Version of the layout that `read_job` of keeper.c reads. */
const VERSION = 1

/** Sizes of `struct job` and `struct address` in keeper.c. */
const FIXED_BYTES = 32
const ADDRESS_BYTES = 20
/** First sequence number of the prepared requests; the keeper uses 1 and 2 for its own. */
const FIRST_SEQUENCE = 100

/**
 * Encodes the address keeper's job for `read_job` of keeper.c: a fixed part, then length-prefixed
 * sections.
 */
export function encodeJob(
  record: GvisorRecord,
  sandbox: NetworkNamespace,
  timeoutSeconds: number,
): Buffer {
  const lines = linesOf(record)
  const sections = Buffer.concat([
    section(Buffer.from(`${record.sandboxPath}\0`)),
    section(Buffer.concat(record.addresses.map(encodeAddress))),
    section(Buffer.concat(record.kept.map((one, n) => encodeAddition(one, n, record)))),
    section(Buffer.from(`${lines.find((line) => line)?.file ?? ''}\0`)),
    ...lines.map((line) => section(Buffer.from(line?.members ?? ''))),
  ])
  const totalBytes = FIXED_BYTES + sections.length
  return Buffer.concat([fixedPart(totalBytes, record, sandbox, timeoutSeconds), sections])
}

function fixedPart(
  totalBytes: number,
  { interfaceIndex }: GvisorRecord,
  sandbox: NetworkNamespace,
  timeoutSeconds: number,
): Buffer {
  const { dev, ino } = fstatSync(sandbox.fd, { bigint: true })
  const [numbers, identity] = [new Uint32Array(4), new BigUint64Array(2)]
  numbers.set([VERSION, totalBytes, timeoutSeconds * 1000, interfaceIndex])
  identity.set([dev, ino])
  return Buffer.concat([Buffer.from(numbers.buffer), Buffer.from(identity.buffer)])
}

/**
 * Encodes a section: its length (these four bytes included), and the content padded to a multiple
 * of four.
 */
function section(content: Buffer): Buffer {
  const padded = Buffer.alloc(4 + ((content.length + 3) & ~3))
  writeU32(padded, 4 + content.length, 0)
  padded.set(content, 4)
  return padded
}

/** `struct address` of keeper.c. */
function encodeAddress({ family, local }: InterfaceAddress): Buffer {
  const bytes = Buffer.alloc(ADDRESS_BYTES)
  writeU32(bytes, familyNumber(family), 0)
  bytes.set(addressBytes(local), 4)
  return bytes
}

function encodeAddition(
  kept: InterfaceAddress,
  position: number,
  { interfaceIndex }: GvisorRecord,
): Buffer {
  const flags = kept.family === 'inet6' ? ADDRESS_FLAG.nodad : 0
  const request = addressRequest({ ...kept, scope: 0, flags }, interfaceIndex, 'create')
  return encodeRequest(request, Flag.acknowledge, FIRST_SEQUENCE + position)
}

/** The log lines for the first four outcomes, in the order of `OUTCOMES`. */
function linesOf({ kept, nameInSandbox }: GvisorRecord): (PreparedLine | undefined)[] {
  const addresses = kept.map(({ local, prefixLength }) => `${local}/${prefixLength}`)
  const about = { device: nameInSandbox, addresses }
  return [
    prepareNote('info', 'put back the addresses that gVisor removed', about),
    prepareNote('info', 'nothing removed the addresses in time: they stay as they are', about),
    prepareNote('error', 'the kernel refused part of putting the addresses back', about),
    prepareNote('info', 'the sandbox went before anything removed the addresses', about),
  ]
}
