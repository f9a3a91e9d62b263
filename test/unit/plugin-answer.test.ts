import { expect, it } from 'vitest'
import { readAnswer } from '../../src/ipam/run-plugin.js'

it('an answer of very many levels, which could not be printed again, is no result', async () => {
  const levels = 100_000
  const stdout = `{"ips": ${'['.repeat(levels)}${']'.repeat(levels)}}`
  const reading = () =>
    readAnswer('IPAM plugin "x" (ADD)', { stdout, exitCode: 0, trouble: undefined })
  await expect(reading()).rejects.toThrow(
    expect.objectContaining({
      kind: 'delegate-failed',
      message: 'IPAM plugin "x" (ADD) printed what is no result: exceeded max depth',
    }),
  )
})
