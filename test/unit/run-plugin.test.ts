import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findPlugin } from '../../src/ipam/ipam.js'
import { runPlugin } from '../../src/ipam/run-plugin.js'

/** One that nobody has waited for yet is not. */
function isAlive(pid: string): boolean {
  const file = `/proc/${pid}/status`
  return existsSync(file) && !/^State:\s+Z/m.test(readFileSync(file, 'utf8'))
}

/** With `register` and `status`, where the kernel can have any. */
const BINFMT = '/proc/sys/fs/binfmt_misc'
const EMULATORS = existsSync(BINFMT) ? readdirSync(BINFMT) : []
const OF_ANOTHER_MACHINE = [
  'a program for another machine',
  `\x7fELF\x02\x01\x01${'\0'.repeat(11)}\x7f\x7f\ntouch ran\n`,
]

describe('another plugin', () => {
  let directory: string
  const given = (input = '') => ({ variables: {}, input })
  const write = (script: string) => {
    writeFileSync(`${directory}/plugin`, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
    return `${directory}/plugin`
  }

  beforeEach(() => {
    directory = mkdtempSync(`${tmpdir()}/hdl3-plugin-`)
  })
  afterEach(() => rmSync(directory, { recursive: true }))

  it('is looked for in each directory in turn, and must be a file that can be executed', () => {
    write('')
    writeFileSync(`${directory}/text`, '', { mode: 0o644 })
    expect(() => findPlugin('text', directory)).toThrow('failed to find plugin "text"')
    expect(findPlugin('plugin', `/nowhere::${directory}:/opt`)).toBe(`${directory}/plugin`)
    expect(() => findPlugin('bin', '/usr:/nowhere')).toThrow(
      'failed to find plugin "bin" in path [/usr /nowhere]',
    )
    expect(() => findPlugin('../plugin', directory)).toThrow('invalid plugin name: ../plugin')
  })

  it('gets its input, and its output is kept as it is', async () => {
    const outcome = await runPlugin(write('cat; echo; exit 7'), given(' text \n'), 5000)
    expect(outcome).toEqual({ stdout: ' text \n\n', exitCode: 7, trouble: undefined })
  })

  it('may end without reading its input', async () => {
    const outcome = await runPlugin(write('exit 0'), given('x'.repeat(1_000_000)), 5000)
    expect(outcome).toMatchObject({ exitCode: 0 })
  })

  it('that is being written is tried again', async () => {
    const path = write('echo done')
    const writer = openSync(path, 'r+')
    const running = runPlugin(path, given(), 5000)
    await setTimeout(300)
    closeSync(writer)
    expect(await running).toMatchObject({ stdout: 'done\n', exitCode: 0 })
  })

  it('that does not end is ended, with what it started', async () => {
    const outcome = await runPlugin(write('sleep 600 & echo $!; wait'), given(), 300)
    expect(outcome.trouble).toBe('it had not answered after 0.3 s and was ended')
    await expect.poll(() => isAlive(outcome.stdout.trim())).toBe(false)
  })

  it.each(['x', 'é', '€'])('prints at most so many bytes, of %j', async (letter) => {
    const print = (bytes: number) => write(`yes ${letter} | tr -d '\\n' | head -c ${bytes}`)
    const whole = await runPlugin(print(4 << 20), given(), 20_000)
    expect(whole).toMatchObject({ trouble: undefined, exitCode: 0 })
    const { trouble } = await runPlugin(print((4 << 20) + 6), given(), 20_000)
    expect(trouble).toBe('it printed more than 4 MiB and was ended')
  })

  it('that cannot be started says why', async () => {
    writeFileSync(`${directory}/plugin`, 'x', { mode: 0o644 })
    const outcome = await runPlugin(`${directory}/plugin`, given(), 1000)
    expect(outcome.trouble).toContain('EACCES')
  })

  it.each([
    ['/nonexistent', '"/nonexistent" does not exist'],
    [' /nonexistent -x', '"/nonexistent" does not exist'],
    ['/bin/sh\r', '"/bin/sh\\r" does not exist; its lines end with CR and LF'],
  ])('that is a script of %j says what is missing', async (interpreter, reason) => {
    writeFileSync(`${directory}/plugin`, `#!${interpreter}\nexit 0\n`, { mode: 0o755 })
    const { trouble } = await runPlugin(`${directory}/plugin`, given(), 1000)
    expect(trouble).toBe(
      `spawn ${directory}/plugin ENOENT: it is a script, and its interpreter ${reason}`,
    )
  })

  it.each([
    ['a text without #!', `touch ran\n`],
    ['an empty file', ''],
    ...(EMULATORS.length > 2 ? [] : [OF_ANOTHER_MACHINE]),
  ])('that is %s is given to no shell', async (_, text = '') => {
    writeFileSync(`${directory}/plugin`, text.replace('ran', `${directory}/ran`), { mode: 0o755 })
    const outcome = await runPlugin(`${directory}/plugin`, given(), 5000)
    expect(outcome.trouble).toContain(' ENOEXEC, exec format error: it is no program of this')
    expect(existsSync(`${directory}/ran`)).toBe(false)
  })
})
