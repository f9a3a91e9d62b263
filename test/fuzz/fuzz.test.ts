import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeJob } from '../../src/gvisor/keeper-job.js'
import { NetworkNamespace } from '../../src/kernel/namespace.js'
import { runSync } from '../support/run-sync.js'

const DIRECTORY = fileURLToPath(new URL('.', import.meta.url))
const SANITIZERS = ['-O1', '-fsanitize=address,undefined', '-fno-sanitize-recover=all']

const EXECUTIONS = process.env.LONG ? 12_000 : 2_000
const LEAST_COVERAGE = 0.95

/** Each fuzzer, with the functions of the source that read foreign bytes. */
const TARGETS = [
  {
    fuzzer: 'exchange',
    source: 'src/kernel/native/exchange.c',
    functions: [
      'next_header',
      'prepare_exchange',
      'closes',
      'keep',
      'make_room',
      'receive_until_closed',
    ],
  },
  {
    fuzzer: 'keeper',
    source: 'src/gvisor/keeper/keeper.c',
    functions: [
      ...['take', 'take_message', 'payload', 'attribute', 'take_section', 'is_text'],
      ...['are_messages', 'read_job', 'receive', 'request', 'count_address', 'note_link', 'drain'],
      ...['leaves_by_interface', 'keep_deletion'],
    ],
  },
]

interface CoveredFile {
  file: string
  lines: { function_name?: string; count: number }[]
}

describe('C that reads foreign bytes', () => {
  let directory: string
  let corpus: string[]

  beforeAll(() => {
    directory = mkdtempSync(`${tmpdir()}/hdl3-fuzz-`)
    using sandbox = NetworkNamespace.host()
    writeFileSync(`${directory}/job.bin`, encodeJob(RECORD, sandbox, 60))
    const files = readdirSync(`${DIRECTORY}corpus`).map((name) => `${DIRECTORY}corpus/${name}`)
    corpus = [...files, `${directory}/job.bin`]
  })
  afterAll(() => rmSync(directory, { recursive: true }))

  function run(fuzzer: string, options: string[], executions: number, seed: number): string {
    const program = `${directory}/${fuzzer}${options.length}`
    const source = `${DIRECTORY}${fuzzer}.c`
    const compile = ['-std=gnu11', '-g', ...options, '-o', program, source, '-lpthread']
    runSync('cc', compile, { cwd: directory })
    const { stdout, stderr } = runSync(program, [`${executions}`, `${seed}`, ...corpus], {
      cwd: directory,
    })
    expect(stderr).toBe('')
    return stdout
  }

  it.each(TARGETS)('$source has no finding of the sanitizers', ({ fuzzer }) => {
    const seed = Date.now()
    const said = run(fuzzer, SANITIZERS, EXECUTIONS, seed)
    expect(said).toBe(`${EXECUTIONS} executions`)
    console.log(`${fuzzer}: ${said} with seed ${seed}`)
  })

  it.each(TARGETS)('$source is reached by the fuzzer', ({ fuzzer, source, functions }) => {
    run(fuzzer, ['--coverage'], EXECUTIONS, 1)
    const notes = readdirSync(directory).find((name) => name.endsWith(`-${fuzzer}.gcda`)) ?? ''
    const { stdout } = runSync('gcov', ['--json-format', '--stdout', notes], { cwd: directory })
    const files = (JSON.parse(stdout) as { files: CoveredFile[] }).files
    const all = files.find(({ file }) => file.endsWith(source))?.lines ?? []
    const lines = all.filter(({ function_name: name }) => name && functions.includes(name))
    expect(new Set(lines.map((line) => line.function_name))).toEqual(new Set(functions))
    const covered = lines.filter(({ count }) => count > 0).length / lines.length
    console.log(`${source}: ${(covered * 100).toFixed(1)} % of ${lines.length} lines`)
    expect(covered).toBeGreaterThanOrEqual(LEAST_COVERAGE)
  })
})

describe('the heap of the executable', () => {
  const ENGINE = fileURLToPath(
    new URL('../../build/quickjs/root/usr/src/quickjs-ng', import.meta.url),
  )

  it.each([
    ['', ['-fsanitize=undefined', '-fno-sanitize-recover=all']],
    [', where each block is the sanitizer’s', SANITIZERS],
  ])('keeps what is written to its blocks%s', (_, options) => {
    const directory = mkdtempSync(`${tmpdir()}/hdl3-heap-`)
    const program = `${directory}/heap`
    const seed = Date.now()
    const steps = 10 * EXECUTIONS
    const compile = ['-std=gnu11', '-O1', ...options, `-isystem${ENGINE}`, '-o', program]
    runSync('cc', [...compile, `${DIRECTORY}heap.c`], { cwd: directory })
    expect(runSync(program, [`${steps}`, `${seed}`], { cwd: directory })).toMatchObject({
      stdout: `${steps} steps`,
      stderr: '',
    })
    console.log(`the heap: ${steps} steps with seed ${seed}`)
    rmSync(directory, { recursive: true })
  })
})

const RECORD = {
  format: 1 as const,
  containerId: 'container-1',
  interfaceName: 'net1',
  nameInSandbox: 'net1',
  network: 'lent',
  sandboxPath: '/run/netns/pod',
  interfaceIndex: 1,
  addresses: [{ family: 'inet' as const, local: '127.0.0.1', prefixLength: 8 }],
  kept: [{ family: 'inet' as const, local: '127.0.0.1', prefixLength: 32 }],
  omitted: [],
}
