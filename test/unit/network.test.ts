import { describe, expect, it } from 'vitest'
import { decodeNetwork } from '../../src/cni/network.js'

describe('the configuration as JSON', () => {
  it.each([
    ['', 6, 'error unmarshall network config: unexpected end of JSON input'],
    ['  \n', 6, 'error unmarshall network config: unexpected end of JSON input'],
    ['[]', 6, 'error unmarshall network config: the configuration must be an object, not a list'],
    ['null', 6, 'error unmarshall network config: the configuration must be an object, not null'],
    ['{"name": 5}', 6, 'error unmarshall network config: "name" must be a string, not a number'],
    ['{}', 7, 'missing network name'],
    ['{"name": ""}', 7, 'missing network name'],
    ['{"name": "te%%st"}', 7, 'invalid characters found in network name'],
  ])('refuses %j', async (text, code, message) => {
    await expect(decodeNetwork(text)).rejects.toThrow(expect.objectContaining({ code, message }))
  })

  it('says what is wrong with broken JSON', async () => {
    await expect(decodeNetwork('{"name": "x"')).rejects.toThrow(
      /^error unmarshall network config: ./,
    )
  })

  it('refuses very many levels, which could not be printed again', async () => {
    const nested = (levels: number) =>
      `{"name": "n", "x": ${'['.repeat(levels)}${']'.repeat(levels)}}`
    for (const levels of [1000, 100_000])
      await expect(decodeNetwork(nested(levels))).rejects.toThrow(
        expect.objectContaining({
          code: 6,
          message: 'error unmarshall network config: exceeded max depth',
        }),
      )
    expect((await decodeNetwork(nested(999))).name).toBe('n')
  })

  it('keeps every key', async () => {
    expect(await decodeNetwork('{"name": "n", "other": [1]}')).toEqual({ name: 'n', other: [1] })
  })
})
