import { describe, expect, it } from 'vitest'
import { uninterrupted } from '../../src/kernel/netlink/route-socket.js'

/** A dump that is interrupted so many times before it is whole. */
function dumpInterrupted(times: number) {
  let calls = 0
  return () => ({ interrupted: calls++ < times, calls })
}

describe('a dump that the kernel marks as interrupted', () => {
  it('is repeated until it is whole', () => {
    expect(uninterrupted(dumpInterrupted(0)).calls).toBe(1)
    expect(uninterrupted(dumpInterrupted(3)).calls).toBe(4)
  })

  it('is given up when the table never stands still', () => {
    expect(() => uninterrupted(dumpInterrupted(1000))).toThrow(
      expect.objectContaining({ kind: 'busy' }),
    )
  })
})
