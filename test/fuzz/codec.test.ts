import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { decodeAddress } from '../../src/kernel/netlink/address.js'
import { attributesOf, decodeLink } from '../../src/kernel/netlink/link-message.js'
import { decodeAnswers, type NetlinkMessage } from '../../src/kernel/netlink/message.js'
import { decodeNeighbor } from '../../src/kernel/netlink/neighbor.js'
import { decodeRoute } from '../../src/kernel/netlink/route.js'
import { decodeRule } from '../../src/kernel/netlink/rule.js'

const CORPUS = fileURLToPath(new URL('corpus/', import.meta.url))
const origins = readdirSync(CORPUS).map((name) => readFileSync(CORPUS + name))

const RUNS = process.env.LONG ? 30_000 : 3_000
/** Values that lengths, types and errno tell most with. */
const TELLING = [0, 1, 3, 4, 7, 8, 15, 16, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff]

const decoders: ((message: NetlinkMessage) => unknown)[] = [
  (message) => decodeLink(message, attributesOf(message)),
  decodeAddress,
  decodeNeighbor,
  decodeRoute,
  decodeRule,
]

const change = fc.oneof(
  fc.record({ at: fc.nat(4096), byte: fc.nat(255) }),
  fc.record({ at: fc.nat(1024), half: fc.constantFrom(...TELLING) }),
  fc.record({ at: fc.nat(1024), word: fc.constantFrom(...TELLING) }),
  fc.record({ size: fc.nat(4096) }),
)

type Change = Partial<Record<'at' | 'byte' | 'half' | 'word' | 'size', number>>

function changed(origin: Buffer, changes: Change[]): Buffer {
  let bytes = Buffer.from(origin)
  for (const { at = 0, byte, half, word, size } of changes) {
    if (size !== undefined) bytes = bytes.subarray(0, size % (bytes.length + 1))
    else if (byte !== undefined && bytes.length > 0) bytes[at % bytes.length] = byte
    else if (half !== undefined && bytes.length >= 2)
      bytes.writeUInt16LE(half & 0xffff, ((at * 2) % (bytes.length - 1)) & ~1)
    else if (word !== undefined && bytes.length >= 4)
      bytes.writeUInt32LE(word, ((at * 4) % (bytes.length - 3)) & ~3)
  }
  return bytes
}

it('whatever bytes the kernel seems to send, they are decoded or refused', () => {
  const outcomes = { decoded: 0, refused: 0 }
  const tryTo = (decode: () => unknown) => {
    try {
      if (decode() !== undefined) outcomes.decoded++
    } catch (error) {
      expect((error as Error).message).not.toBe('')
      outcomes.refused++
    }
  }
  fc.assert(
    fc.property(fc.constantFrom(...origins), fc.array(change, { maxLength: 4 }), (origin, all) => {
      const received = changed(origin, all)
      tryTo(() => decodeAnswers(received))
      let messages: NetlinkMessage[] = []
      try {
        messages = decodeAnswers(received).messages
      } catch {
        return
      }
      for (const message of messages) for (const decode of decoders) tryTo(() => decode(message))
    }),
    { numRuns: RUNS },
  )
  expect(outcomes.decoded).toBeGreaterThan(RUNS)
  expect(outcomes.refused).toBeGreaterThan(RUNS / 10)
})
