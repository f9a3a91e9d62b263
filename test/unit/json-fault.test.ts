import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseJson } from '../../src/cni/network.js'

/** JSON with some of its characters replaced, left out or doubled: mostly no JSON any more. */
const brokenJson = fc
  .tuple(
    fc.json(),
    fc.array(fc.tuple(fc.nat(), fc.constantFrom(...'{}[]:,"\\ x0-.e\u0001é\n', '')), {
      minLength: 1,
      maxLength: 3,
    }),
  )
  .map(([json, changes]) =>
    changes.reduce((text, [place, character]) => {
      const at = place % (text.length + 1)
      return text.slice(0, at) + character + text.slice(at + (place % 2))
    }, json),
  )

describe('parseJson', () => {
  it('accepts what JSON.parse accepts, and finds a fault in all else', async () => {
    const counts = { accepted: 0, refused: 0 }
    await fc.assert(
      fc.asyncProperty(brokenJson, async (text) => {
        let expected: unknown
        try {
          expected = JSON.parse(text)
        } catch {
          counts.refused++
          await expect(parseJson(text)).rejects.toThrow(
            /^(line \d+, column \d+: .|unexpected end of JSON)/,
          )
          return
        }
        counts.accepted++
        expect(await parseJson(text)).toEqual(expected)
      }),
      { numRuns: 3000 },
    )
    expect(counts.refused).toBeGreaterThan(500)
    expect(counts.accepted).toBeGreaterThan(50)
  })

  it.each([
    ['{"a": 1,}', 'line 1, column 9: a key in quotes was expected, not "}"'],
    ['{"a": 1\n "b": 2}', 'line 2, column 2: "," or "}" was expected, not "\\"b\\""'],
    ['[1, 2', 'unexpected end of JSON input'],
    ['{"a": "x', 'unexpected end of JSON input'],
    ['{"a": tru}', 'line 1, column 7: JSON does not allow "tru"'],
    ['{"a": "\n"}', 'line 1, column 7: JSON does not allow "\\"\\n\\""'],
    ['{"a" 1}', 'line 1, column 6: ":" was expected, not "1"'],
    ['[]]', 'line 1, column 3: the end was expected, not "]"'],
    ["\n\n  {'a': 1}", 'line 3, column 4: a key in quotes or "}" was expected, not "\'a\'"'],
    ['\ufeff{}', 'line 1, column 1: JSON does not allow "\ufeff"'],
  ])('says where: %j', async (text, message) => {
    await expect(parseJson(text)).rejects.toThrow(message)
  })
})
