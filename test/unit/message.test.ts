import { describe, expect, it } from 'vitest'
import { encodeAttributes, text } from '../../src/kernel/netlink/attributes.js'
import { decodeAnswers, encodeRequest, Flag } from '../../src/kernel/netlink/message.js'

const NLMSG_ERROR = 2
const NLMSG_DONE = 3

/** What the kernel sends: a message with that errno, 0 for an acknowledgement. */
function closing(type: number, errno: number, flags: number, rest?: Uint8Array): Buffer {
  const header = Buffer.alloc(4)
  header.writeInt32LE(-errno)
  const message = encodeRequest(
    { type, header: Buffer.concat(rest ? [header, rest] : [header]) },
    flags,
    7,
  )
  // What is marked as a request is none of the kernel's flags.
  message.writeUInt16LE(flags, 6)
  return message
}

const explanation = encodeAttributes([text(1, 'not like this')])

describe('a request', () => {
  it('is a header, the fixed part and the attributes, each padded', () => {
    const request = { type: 24, flags: Flag.create, header: Buffer.from('0a0b0c0d', 'hex') }
    const attributes = [text(3, 'ab'), { type: 5, nested: true, data: Buffer.from('ff', 'hex') }]
    expect(encodeRequest({ ...request, attributes }, Flag.acknowledge, 9).toString('hex')).toBe(
      ['24000000', '1800', '0504', '09000000', '00000000', '0a0b0c0d']
        .concat(['0700', '0300', '61620000', '0500', '0580', 'ff000000'])
        .join(''),
    )
  })
})

describe('the answers to a datagram', () => {
  it('are data, and acknowledgements that say nothing', () => {
    const data = encodeRequest({ type: 24, header: Buffer.alloc(12) }, 0, 6)
    const { messages, errors, interrupted } = decodeAnswers(
      Buffer.concat([data, closing(NLMSG_ERROR, 0, 0)]),
    )
    expect(messages).toMatchObject([{ type: 24, seq: 6, data: Buffer.alloc(12) }])
    expect(errors.size).toBe(0)
    expect(interrupted).toBe(false)
  })

  it('are errors by the number of their request, with the kernel’s sentence', () => {
    const request = Buffer.alloc(16)
    const error = closing(NLMSG_ERROR, 17, Flag.explained, Buffer.concat([request, explanation]))
    const refused = decodeAnswers(error).errors.get(7)
    expect(refused?.is('EEXIST')).toBe(true)
    expect(refused?.message).toBe('File exists (EEXIST), the kernel says: "not like this"')
    expect(decodeAnswers(closing(NLMSG_ERROR, 19, 0, request)).errors.get(7)?.message).toBe(
      'No such device (ENODEV)',
    )
  })

  it('are errors at the end of a dump, where the sentence comes at once', () => {
    const done = closing(NLMSG_DONE, 17, Flag.explained, explanation)
    expect(decodeAnswers(done).errors.get(7)?.message).toContain('"not like this"')
  })

  it('say when a table changed while it was read', () => {
    expect(decodeAnswers(closing(NLMSG_DONE, 0, Flag.dumpInterrupted)).interrupted).toBe(true)
  })
})
