import { describe, expect, it } from 'vitest'
import { decodeAnswers, encodeRequest, Flag } from '../../src/kernel/netlink/message.js'
import {
  decodeRdmaDevice,
  getRequest,
  moveRequest,
  renameRequest,
} from '../../src/kernel/netlink/rdma-device.js'

/** After the sequence number and the port, as strace shows it of iproute2 6.1. */
const encoded = (request: Parameters<typeof encodeRequest>[0], flags: number) => {
  const bytes = encodeRequest(request, flags, 0)
  expect(bytes.subarray(8, 16)).toEqual(Buffer.alloc(8))
  return [bytes.subarray(0, 8), bytes.subarray(16)].map((part) => part.toString('hex'))
}

describe('a request about RDMA devices is what iproute2 sends:', () => {
  it('rdma dev', () => {
    const flags = Flag.dump | Flag.acknowledge
    expect(encoded(getRequest(), flags)).toEqual(['1000000001140503', ''])
  })

  it('rdma dev set hdl3ib0 netns pod', () => {
    expect(encoded(moveRequest(0, 4), Flag.acknowledge)).toEqual([
      '2000000002140500',
      '08000100000000000800440004000000',
    ])
  })

  it('rdma dev set hdl3ib0 name evil0', () => {
    expect(encoded(renameRequest(0, 'evil0'), Flag.acknowledge)).toEqual([
      '2400000002140500',
      '08000100000000000a0002006576696c30000000',
    ])
  })
})

it('an RDMA device is decoded from what the kernel sends of it', () => {
  // Of mlx5_3 with the index 7, between attributes that are not interpreted.
  const attributes =
    '0c0006000100000000000000080001000700000008000300010000000b0002006d6c78355f330000'
  const message = encodeRequest(
    { type: 0x1401, header: Buffer.from(attributes, 'hex') },
    Flag.request,
    1,
  )
  const [answer] = decodeAnswers(message).messages
  expect(answer && decodeRdmaDevice(answer.data)).toEqual({ index: 7, name: 'mlx5_3' })
})
