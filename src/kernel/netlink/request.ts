import { HEADER_LENGTH, writeU16, writeU32 } from 'netlink/dist/structs'
import { type Attribute, encodedLength, writeAttributes } from './attributes.js'

/** Message types this program sends or receives (linux/rtnetlink.h). */
export { MessageType } from 'netlink/dist/rt/gen_structs'

/** Netlink header flags (linux/netlink.h). */
export const Flag = {
  request: 0x1,
  acknowledge: 0x4,
  dump: 0x300,
  exclusive: 0x200,
  create: 0x400,
  replace: 0x100,
  /** On an answer: the table changed during the dump. */
  dumpInterrupted: 0x10,
  /** On an error: attributes with the kernel's explanation follow. */
  explained: 0x200,
} as const

/** A message to the kernel: its type, its fixed part and its attributes. */
export interface Request {
  type: number
  /** Beyond `request` and `acknowledge`, which the socket sets. */
  flags?: number
  header: Buffer
  attributes?: Attribute[]
}

/** The bytes of a request, padded so that another may follow. */
export function encodeRequest(request: Request, flags: number, sequence: number): Buffer {
  const { header, attributes = [] } = request
  const length = HEADER_LENGTH + header.length + encodedLength(attributes)
  const message = Buffer.alloc(length)
  writeU32.call(message, length, 0)
  writeU16.call(message, request.type, 4)
  writeU16.call(message, flags | (request.flags ?? 0) | Flag.request, 6)
  writeU32.call(message, sequence, 8)
  message.set(header, HEADER_LENGTH)
  writeAttributes(message, HEADER_LENGTH + header.length, attributes)
  return message
}
