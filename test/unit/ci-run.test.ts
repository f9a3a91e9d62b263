import { chmodSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runSync } from '../support/run-sync.js'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(`${tmpdir()}/hdl3-ci-`)
  cpSync('.ci', `${directory}/.ci`, { recursive: true })
})
afterEach(() => rmSync(directory, { recursive: true }))

/** What .ci/run does where make does this: a line of shell for each target that does not pass. */
function runWith(targets: Record<string, string>) {
  const cases = Object.entries(targets).map(([target, line]) => `${target}) ${line} ;;`)
  const text = ['#!/bin/sh', 'echo "$1 begins"', 'case $1 in', ...cases, 'esac']
  writeFileSync(`${directory}/make`, [...text, 'echo "2 passed, 0 failed, 1 skipped"\n'].join('\n'))
  chmodSync(`${directory}/make`, 0o755)
  const env = { PATH: `${directory}:${process.env.PATH}` }
  const { stdout, exitCode } = runSync(`${directory}/.ci/run`, [], { env, reject: false })
  return { lines: stdout.split('\n'), exitCode }
}

describe('.ci/run', () => {
  it('ends with the sum of all test runs', () => {
    const { lines, exitCode } = runWith({})
    expect(lines.slice(-3)).toEqual([
      'test-long begins',
      '2 passed, 0 failed, 1 skipped',
      '8 passed, 0 failed',
    ])
    expect(exitCode).toBe(0)
  })

  it.each([
    ['says so', 'echo "1 passed, 3 failed"; exit 2', '7 passed, 3 failed'],
    ['does not say so', 'echo "no rule"; exit 2', '6 passed, 1 failed'],
    ['says the contrary', 'echo "2 passed, 0 failed"; exit 2', '8 passed, 1 failed'],
  ])('goes on where a test run fails and %s, and fails at its end', (_, line, sum) => {
    const { lines, exitCode } = runWith({ test: line })
    expect(lines).toContain('test-long begins')
    expect(lines.at(-1)).toBe(sum)
    expect(exitCode).toBe(1)
  })

  it('runs no tests of what cannot be built', () => {
    const { lines, exitCode } = runWith({ check: 'exit 2' })
    expect(lines).toEqual(['check begins'])
    expect(exitCode).not.toBe(0)
  })
})
