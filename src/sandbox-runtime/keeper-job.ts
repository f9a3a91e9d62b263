import { fstatSync } from 'node:fs'
import { addressBytes, familyNumber } from '../kernel/ip-address.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import { addressRequest } from '../kernel/netlink/address.js'
import { writeU32 } from '../kernel/netlink/bytes.js'
import { encodeRequest, Flag } from '../kernel/netlink/message.js'
import { type PreparedLine, prepareNote } from '../log.js'
import type { Keeping, OwnedAddress } from './keeping-schema.js'

/** How the keeper ends (`enum outcome` of keeper/keeper.h). */
export const OUTCOMES = ['put back', 'not needed', 'refused', 'sandbox gone'] as const

const ADDRESS_BYTES = 20
/** Sequence numbers that the keeper's own requests do not have. */
const FIRST_SEQUENCE = 100

/**
 * All that the keeper has to know, as `read_job` of keeper/job.c takes it: a fixed part,
 * then sections, each with its length before it.
 */
export function encodeJob(
  keeping: Keeping,
  sandbox: NetworkNamespace,
  timeoutSeconds: number,
): Buffer {
  const lines = linesOf(keeping)
  return Buffer.concat([
    fixedPart(keeping, sandbox, timeoutSeconds),
    section(Buffer.from(`${keeping.sandboxPath}\0`)),
    section(Buffer.concat(keeping.addresses.map(encodeAddress))),
    section(Buffer.concat(keeping.kept.map((one, n) => encodeAddition(one, n, keeping)))),
    section(Buffer.from(`${lines.find((line) => line)?.file ?? ''}\0`)),
    ...lines.map((line) => section(Buffer.from(line?.members ?? ''))),
  ])
}

function fixedPart(
  { interfaceIndex }: Keeping,
  sandbox: NetworkNamespace,
  timeoutSeconds: number,
): Buffer {
  const { dev, ino } = fstatSync(sandbox.fd, { bigint: true })
  const [timeout, identity] = [new Uint32Array(2), new BigUint64Array(2)]
  timeout.set([timeoutSeconds * 1000, interfaceIndex])
  identity.set([dev, ino])
  return Buffer.concat([Buffer.from(timeout.buffer), Buffer.from(identity.buffer)])
}

function section(content: Buffer): Buffer {
  const padded = Buffer.alloc(4 + ((content.length + 3) & ~3))
  writeU32(padded, content.length, 0)
  padded.set(content, 4)
  return padded
}

/** `struct address` of keeper/addresses.c. */
function encodeAddress({ family, local }: OwnedAddress): Buffer {
  const bytes = Buffer.alloc(ADDRESS_BYTES)
  writeU32(bytes, familyNumber(family), 0)
  bytes.set(addressBytes(local), 4)
  return bytes
}

function encodeAddition(kept: OwnedAddress, position: number, { interfaceIndex }: Keeping): Buffer {
  const flags = kept.family === 'inet6' ? 2 : 0
  const request = addressRequest({ ...kept, scope: 0, flags }, interfaceIndex, 'create')
  return encodeRequest(request, Flag.acknowledge, FIRST_SEQUENCE + position)
}

/** The line for each way to end, in the order of `OUTCOMES`. */
function linesOf({ kept, nameInSandbox }: Keeping): (PreparedLine | undefined)[] {
  const addresses = kept.map(({ local, prefixLength }) => `${local}/${prefixLength}`)
  const about = { device: nameInSandbox, addresses }
  return [
    prepareNote('info', 'put back the addresses that gVisor removed', about),
    prepareNote('info', 'nothing removed the addresses in time: they stay as they are', about),
    prepareNote('error', 'the kernel refused part of putting the addresses back', about),
    prepareNote('info', 'the sandbox went before anything removed the addresses', about),
  ]
}
