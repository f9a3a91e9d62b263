import fc from 'fast-check'
import { expect, it, vi } from 'vitest'
import { readEnvironment } from '../../src/cni/environment.js'
import { CniError, errorDocument } from '../../src/cni/error.js'
import { decodeNetwork } from '../../src/cni/network.js'
import { decodeResult, encodeResult } from '../../src/cni/result.js'
import { requireSupportedVersion, SUPPORTED_VERSIONS } from '../../src/cni/version.js'
import { resultOf } from '../../src/commands/add/report.js'
import { readCall } from '../../src/commands/read-call.js'
import { printable } from '../../src/printable.js'
import { type HostileInput, hostileInput } from '../support/hostile-input.js'
import { LONG } from '../support/length.js'

/** Else the log would go to whatever path a configuration names. */
vi.mock('../../src/log.js', () => ({ openLog() {}, isLogged: () => false, warn() {}, note() {} }))

const RUNS = LONG ? 20_000 : 3_000
/** Of each stage at least so many inputs must come that far, or nothing is tested there. */
const LEAST_SHARE = 0.02

const SURROUNDINGS = {
  stateDirectory: '/proc/nothing/state',
  searchPath: '/proc/nothing/plugins',
  sandboxPaths: ['/proc/nothing/sandbox'],
}
const CONTRIBUTION = {
  interface: { name: 'net1', mac: '02:00:00:00:00:01', mtu: 1500, sandbox: '/run/netns/some-pod' },
  ips: [{ address: '198.51.100.5/24' }, { address: '2001:db8::5/64' }],
  routes: [{ dst: '0.0.0.0/0', gw: '198.51.100.1', table: 254 }],
}

/** All of a call that comes before its command, and the result after it. */
async function readAndAnswer({ variables, input }: HostileInput, reached: (stage: string) => void) {
  const text = Buffer.from(input).toString('utf8')
  const network = await decodeNetwork(text)
  reached('decoded')
  const environment = readEnvironment(variables)
  reached('environment')
  const cniVersion = requireSupportedVersion(network.cniVersion, environment.command)
  reached('version')
  const call = await readCall({ environment, cniVersion, variables, input: text }, network)
  reached('configuration')
  const { prevResult } = call.configuration
  if (prevResult) {
    reached('previous result')
    for (const version of SUPPORTED_VERSIONS) expressAndUnderstand(prevResult, version)
  }
  const result = resultOf(call, CONTRIBUTION, undefined)
  reached('result')
  JSON.parse(JSON.stringify(result, undefined, 4))
}

/** In a form that a version has, and back again. */
function expressAndUnderstand(result: object, version: (typeof SUPPORTED_VERSIONS)[number]): void {
  try {
    decodeResult(encodeResult(result, version), version)
  } catch (error) {
    expectFit(error)
  }
}

/** Expects of what was thrown that a runtime can be told. */
function expectFit(error: unknown): void {
  if (!(error instanceof CniError)) throw error
  const text = JSON.stringify(errorDocument(error, '1.1.0'), undefined, 4)
  const { code, msg, details = 'none' } = JSON.parse(text)
  if (!Number.isInteger(code) || code < 1) throw new Error(`${text} has no code`)
  if (msg === '' || typeof details !== 'string') throw new Error(`${text} says nothing`)
  if (error.stack && text.includes(error.stack.split('\n').at(-1) ?? text))
    throw new Error(`${text} has a stack`)
}

it(`whatever comes in, ${RUNS} times, is read or refused with a code and words`, async () => {
  const prototype = Object.getOwnPropertyNames(Object.prototype)
  const counts: Record<string, number> = {}
  const reached = (stage: string) => {
    counts[stage] = (counts[stage] ?? 0) + 1
  }
  await fc.assert(
    fc.asyncProperty(hostileInput(SURROUNDINGS), async (hostile) => {
      await readAndAnswer(hostile, reached).catch((error) => {
        expectFit(error)
        reached(`refused with ${error.code}`)
      })
    }),
    { numRuns: RUNS },
  )
  expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(prototype)
  const stages = ['decoded', 'environment', 'version', 'configuration', 'previous result', 'result']
  const refusals = [1, 4, 6, 7].map((code) => `refused with ${code}`)
  for (const stage of [...stages, ...refusals])
    expect(counts[stage], stage).toBeGreaterThan(RUNS * LEAST_SHARE)
})

it('whatever is thrown becomes a document with a code and words', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.string({ unit: 'binary' })),
      fc.string(),
      (text, version) => {
        const thrown = [new Error(text), new TypeError(text), new RangeError(text), text]
        for (const one of thrown) {
          const document = JSON.parse(JSON.stringify(errorDocument(one, version)))
          expect(document).toEqual({ cniVersion: version, code: 999, msg: printable(text) })
          expect(document.msg).not.toMatch(/(?![\n\t])[\p{Cc}\p{Cs}\u202a-\u202e]/u)
        }
      },
    ),
    { numRuns: 1_000 },
  )
})
