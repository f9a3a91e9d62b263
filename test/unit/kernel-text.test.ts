import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesOfText, textOfBytes } from '../../src/kernel/kernel-text.js'
import { printable } from '../../src/printable.js'

describe('a text of the kernel', () => {
  it('has the bytes it came as, also after JSON', () => {
    const pieces = fc.array(
      fc.oneof(
        fc.uint8Array({ maxLength: 4 }).map((bytes) => Buffer.from(bytes)),
        fc.string({ unit: 'grapheme', maxLength: 3 }).map((text) => Buffer.from(text)),
      ),
    )
    fc.assert(
      fc.property(pieces, (parts) => {
        const bytes = Buffer.concat(parts)
        const text = textOfBytes(bytes)
        expect(bytesOfText(text).equals(bytes)).toBe(true)
        expect(JSON.parse(JSON.stringify(text))).toBe(text)
        expect(Buffer.from(JSON.stringify(text)).toString()).toBe(JSON.stringify(text))
      }),
      { numRuns: 2000 },
    )
  })

  it('is itself where the bytes are UTF-8', () => {
    for (const text of ['', 'eth1', 'Büro', '💥', '\ufffd', 'a\ufffdb'])
      expect(textOfBytes(Buffer.from(text))).toBe(text)
  })

  it.each([
    ['eth1', 'eth1'],
    ['Büro 💥', 'Büro 💥'],
    [textOfBytes(Buffer.from([0x65, 0xff, 0x80])), 'e\\xff\\x80'],
    ['\x1b[31m', '\\x1b[31m'],
    ['a\x7f\x9b', 'a\\x7f\\x9b'],
    ['\u202egpj', '\\u{202e}gpj'],
    ['\ud800', '\\u{d800}'],
    ['two\nlines\tand', 'two\nlines\tand'],
  ])('is shown without what a terminal would follow: %j', (text, shown) => {
    expect(printable(text)).toBe(shown)
  })
})
