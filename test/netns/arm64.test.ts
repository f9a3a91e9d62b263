import { statSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { COMPILED, DIRECTORY } from '../support/artefacts.js'
import { runSync } from '../support/run-sync.js'

const ARM64 = `${DIRECTORY}/arm64/host-device-l3`
const MOST_BYTES = 2.5e6

interface Call {
  variables?: Record<string, string>
  input?: string
}

/** How a program of this machine ends, and how that of the other does, which is emulated. */
function outcomes(here: string, there: string, words: string[], call: Call = {}) {
  const { variables, input = '' } = call
  const options = { input, env: { ...variables }, reject: false }
  return [[here], ['qemu-aarch64-static', there]].map(([program = '', ...before]) => {
    const { exitCode, stdout, stderr } = runSync(program, [...before, ...words], options)
    return { exitCode, stdout, stderr }
  })
}

function callOf(command: string, configuration: object, sandbox = '/run/netns/none'): Call {
  return {
    variables: {
      CNI_COMMAND: command,
      CNI_CONTAINERID: 'container-1',
      CNI_NETNS: sandbox,
      CNI_IFNAME: 'net1',
      CNI_PATH: '/opt/cni/bin',
    },
    input: JSON.stringify({ cniVersion: '1.1.0', name: 'lent', type: 'x', ...configuration }),
  }
}

// No call gets further than to the first netlink message: the emulator refuses to send it.
describe('dist/arm64/host-device-l3, emulated,', () => {
  it('is a static program for that machine, of at most 2.5 MB', () => {
    const said = runSync('file', [ARM64]).stdout
    expect(said).toContain('ARM aarch64')
    expect(said).toContain('statically linked')
    expect(statSync(ARM64).size).toBeLessThanOrEqual(MOST_BYTES)
  })

  it.each<[string, number, string, string[], Call]>([
    ['VERSION', 0, '"supportedVersions"', [], callOf('VERSION', {})],
    ['--version', 0, 'QuickJS-ng', ['--version'], {}],
    ['explain --help', 0, 'usage: host-device-l3 explain', ['explain', '--help'], {}],
    ['an unknown option', 1, '', ['explain', '--none'], {}],
    ['ADD with a key that is wrong', 1, '"code": 7', [], callOf('ADD', { device: 5 })],
    ['ADD with input that is no JSON', 1, '"code": 6', [], { ...callOf('ADD', {}), input: '{"' }],
    ['ADD without a sandbox', 1, '/run/netns/none', [], callOf('ADD', { device: 'eth1' })],
    ['ADD into no namespace', 1, '/tmp', [], callOf('ADD', { device: 'eth1' }, '/tmp')],
  ])('answers %s as dist/host-device-l3 does', (_, exitCode, text, words, call) => {
    const [here, there] = outcomes(COMPILED, ARM64, words, call)
    expect(there).toEqual(here)
    expect(there?.exitCode).toBe(exitCode)
    expect(there?.stdout).toContain(text)
  })

  it('has an address keeper for that machine', () => {
    const [here, there] = outcomes('build/keeper.bin', 'build/arm64/keeper.bin', [])
    expect(there).toEqual(here)
    expect(there?.exitCode).toBeGreaterThan(0)
  })
})
