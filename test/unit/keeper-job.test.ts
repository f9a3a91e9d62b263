import { fstatSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { execaSync } from 'execa'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeJob, OUTCOMES } from '../../src/gvisor/keeper-job.js'
import type { GvisorRecord, InterfaceAddress } from '../../src/gvisor/record-schema.js'
import { NetworkNamespace } from '../../src/kernel/namespace.js'
import { addressRequest } from '../../src/kernel/netlink/address.js'
import { ADDRESS_FLAG } from '../../src/kernel/netlink/constants.js'
import { encodeRequest, Flag } from '../../src/kernel/netlink/message.js'
import { openLog } from '../../src/log.js'

const SOURCE = fileURLToPath(new URL('../support/print-keeper-job.c', import.meta.url))
const INTERFACE_INDEX = 7

const ipv4: InterfaceAddress = { family: 'inet', local: '198.51.100.5', prefixLength: 24 }
const ipv6: InterfaceAddress = { family: 'inet6', local: '2001:db8::5', prefixLength: 64 }
const kept: InterfaceAddress[] = [
  { ...ipv4, prefixLength: 32 },
  { ...ipv6, prefixLength: 128 },
]

const record: GvisorRecord = {
  format: 1,
  containerId: 'container-1',
  interfaceName: 'net1',
  nameInSandbox: 'net1',
  network: 'lent',
  sandboxPath: '/run/netns/säckchen',
  interfaceIndex: INTERFACE_INDEX,
  addresses: [ipv4, ipv6],
  kept,
  omitted: [],
}

describe('a job for the address keeper', () => {
  let directory: string
  let sandbox: NetworkNamespace
  const encode = (changes: Partial<GvisorRecord> = {}, timeoutSeconds = 60) =>
    encodeJob({ ...record, ...changes }, sandbox, timeoutSeconds)
  /** What the keeper's own code makes of it: as fields, and how it would end. */
  const read = (job: Uint8Array) => {
    const { stdout, stderr, exitCode } = execaSync(`${directory}/print`, {
      input: job,
      reject: false,
      stripFinalNewline: false,
    })
    expect(stderr).toBe('')
    return { lines: stdout.split('\n').slice(0, -1), outcome: OUTCOMES[exitCode ?? -1] }
  }
  /** How the keeper would end with each of many jobs. */
  const outcomesOf = (jobs: Uint8Array[]) => {
    const lengths = jobs.map(({ length }) => Buffer.from(Uint32Array.of(length).buffer))
    const input = Buffer.concat(jobs.flatMap((job, n) => [lengths[n] as Buffer, job]))
    const { stdout } = execaSync(`${directory}/print`, ['many'], { input })
    const outcomes = stdout.split('\n').map((number) => OUTCOMES[Number(number)])
    expect(outcomes).toHaveLength(jobs.length)
    return outcomes
  }
  const changed = (at: number, value: number) => {
    const job = encode()
    job.writeUInt32LE(value, at)
    return job
  }

  beforeAll(() => {
    directory = mkdtempSync(`${tmpdir()}/hdl3-job-`)
    const sanitizers = ['-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=all']
    execaSync('cc', ['-std=gnu11', ...sanitizers, '-o', `${directory}/print`, SOURCE])
    sandbox = NetworkNamespace.host()
  })
  afterAll(() => {
    sandbox[Symbol.dispose]()
    rmSync(directory, { recursive: true })
  })

  it('is read field by field as it was meant', () => {
    openLog({ file: '/var/log/a log', level: 'info', context: () => ({ command: 'ADD' }) })
    const { lines, outcome } = read(encode({}, 1.5))
    openLog({ level: 'warning', context: () => ({}) })
    const { dev, ino } = fstatSync(sandbox.fd)
    const flags = [0, ADDRESS_FLAG.nodad]
    const additions = kept.map((address, n) => {
      const wanted = { ...address, scope: 0, flags: flags[n] ?? 0 }
      const request = addressRequest(wanted, INTERFACE_INDEX, 'create')
      return encodeRequest(request, Flag.acknowledge, 100 + n).toString('hex')
    })
    expect(lines.slice(0, 13)).toEqual([
      'version 1',
      'timeout 1500',
      `interface ${INTERFACE_INDEX}`,
      `device ${dev}`,
      `inode ${ino}`,
      'sandbox /run/netns/säckchen',
      'family 2',
      `address c6336405${'0'.repeat(24)}`,
      'family 10',
      'address 20010db8000000000000000000000005',
      `addition ${additions[0]}`,
      `addition ${additions[1]}`,
      'log /var/log/a log',
    ])
    const events = lines.slice(13).map((line) => JSON.parse(`{${line.replace('line ', '')}}`))
    expect(events).toHaveLength(4)
    for (const event of events)
      expect(event).toMatchObject({ command: 'ADD', device: 'net1', event: expect.any(String) })
    expect(events.map(({ level }) => level)).toEqual(['info', 'info', 'error', 'info'])
    expect(outcome).toBe('put back')
  })

  it('may have nothing to put back, to wait for or to log', () => {
    const { lines, outcome } = read(encode({ addresses: [], kept: [] }, 0))
    expect(outcome).toBe('put back')
    expect(lines).toContain('timeout 0')
    expect(lines.slice(5)).toEqual([
      'sandbox /run/netns/säckchen',
      'log ',
      ...['line ', 'line ', 'line ', 'line '],
    ])
  })

  it('of another version is refused as such, whatever else it holds', () => {
    expect(read(changed(0, 2)).outcome).toBe('it has another version')
    expect(read(Buffer.from([0, 0, 0, 0])).outcome).toBe('it has another version')
  })

  it('that is cut or has more than it says is refused', () => {
    const job = encode()
    const cut = Array.from(job, (_, length) => job.subarray(0, length))
    for (const outcome of outcomesOf(cut)) expect(outcome).toBe('its job is malformed')
    expect(read(Buffer.concat([job, Buffer.alloc(4)])).outcome).toBe('its job is malformed')
  })

  it.each([0, 3, 5, 0x7fffffff, 0xfffffffc, 0xfffffffd, 0xffffffff])(
    'with a length of %i anywhere is refused, if not read as a whole',
    (length) => {
      const size = encode().length
      // The sandbox's path is the first section: a length that ends it elsewhere cuts its text.
      expect(read(changed(32, length)).outcome).toBe('its job is malformed')
      const jobs: Uint8Array[] = []
      for (let at = 36; at + 4 <= size; at += 4) jobs.push(changed(at, length))
      for (const outcome of outcomesOf(jobs))
        expect(['put back', 'its job is malformed']).toContain(outcome)
    },
  )

  it('of any bytes at all is never read beyond its end', () => {
    const size = encode().length
    const change = fc.tuple(fc.nat(size - 1), fc.integer({ min: 0, max: 255 }))
    const job = fc.array(change, { minLength: 1, maxLength: 6 }).map((changes) => {
      const job = encode()
      for (const [at, value] of changes) job[at] = value
      return job
    })
    fc.assert(
      fc.property(fc.array(job, { minLength: 100, maxLength: 100 }), (jobs) => {
        for (const outcome of outcomesOf(jobs)) expect(outcome).toBeDefined()
      }),
      { numRuns: 20 },
    )
  })
})
