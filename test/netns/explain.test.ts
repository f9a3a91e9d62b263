import { writeFileSync } from 'node:fs'
import { Value } from '@sinclair/typebox/value'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { HostNetworkStateSchema } from '../../src/state/schema.js'
import { ARTEFACTS } from '../support/artefacts.js'
import { callPlugin, runCommandLine } from '../support/plugin.js'
import { Testbed } from '../support/testbed.js'

describe.each(ARTEFACTS)('$artefact explain', ({ path }) => {
  let testbed: Testbed
  const run = (words: string) => runCommandLine(testbed, path, words.split(' '))

  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    testbed.onHost('address add 198.51.100.6/24 dev eth1 valid_lft 900 preferred_lft 900')
    testbed.onHost('route add default via 198.51.100.1 src 198.51.100.6 metric 100')
    testbed.onHost('rule add from 198.51.100.5 lookup 77 priority 50')
    testbed.onHost('neighbour add 198.51.100.1 lladdr 02:00:00:00:00:01 dev eth1 nud permanent')
  })
  afterEach(() => testbed[Symbol.dispose]())

  it('says of everything whether it is carried, and why not; and changes nothing', () => {
    // Lifetimes run on while the test does.
    const hostState = () => testbed.hostState().replaceAll(/\d+sec/g, 'some seconds')
    const before = hostState()
    const { exitCode, stdout } = run('explain eth1')
    expect(exitCode).toBe(0)
    const lines = stdout.split('\n').map((line) => line.trim().replaceAll(/ {2,}/g, ' | '))
    expect(lines).toContain('carried | 198.51.100.5/24')
    expect(lines).toContain('left behind | 198.51.100.6/24 | dynamic: a lease gave it')
    expect(lines).toContain(
      'carried | default via 198.51.100.1 dev eth1 src 198.51.100.6 metric 100',
    )
    expect(lines).toContain('carried | 50: from 198.51.100.5/32 lookup 77')
    expect(lines).toContain(
      'left behind | 32766: from all lookup main | every namespace has this rule',
    )
    expect(lines).toContain('carried | 198.51.100.1 lladdr 02:00:00:00:00:01 permanent')
    expect(stdout).toMatch(/remarks\n.*is carried without its source 198\.51\.100\.6/)
    expect(hostState()).toBe(before)
  })

  it('agrees with what ADD then does', () => {
    const { stdout } = run('explain eth1 --json')
    const { addresses, routes } = JSON.parse(stdout) as {
      addresses: { value: { local: string }; leftBehind?: string }[]
      routes: { value: { destination: string }; leftBehind?: string }[]
    }
    const carried = <T extends { leftBehind?: string }>(things: T[]) =>
      things.filter(({ leftBehind }) => leftBehind === undefined)
    const { document } = callPlugin(testbed, path, 'ADD')
    expect(document.ips.map(({ address }: { address: string }) => address.split('/')[0])).toEqual(
      carried(addresses).map(({ value }) => value.local),
    )
    expect(document.routes.map(({ dst }: { dst: string }) => dst)).toEqual(
      carried(routes).map(({ value }) => value.destination),
    )
  })

  it('gives the state as JSON, by the one schema there is for it', () => {
    const state = JSON.parse(run('explain eth1 --json').stdout)
    expect([...Value.Errors(HostNetworkStateSchema, state)]).toEqual([])
    expect(state.device.name).toBe('eth1')
    expect(state.addresses[1]).toMatchObject({
      value: { local: '198.51.100.6', validSeconds: expect.any(Number) },
      leftBehind: 'dynamic',
    })
  })

  it('takes the keys of a configuration, also of a list', () => {
    const file = `${testbed.stateDirectory}/list.conflist`
    const own = { type: 'host-device-l3', device: 'other', dynamicAddresses: 'ipv4' }
    writeFileSync(file, JSON.stringify({ name: 'n', plugins: [{ type: 'bridge' }, own] }))
    expect(run(`explain eth1 --config ${file}`).stdout).toMatch(/carried +198\.51\.100\.6\/24/)
  })

  it('takes keys in any case, and null for an absent one, as ADD does', () => {
    const file = `${testbed.stateDirectory}/list.conflist`
    const own = { Type: 'host-device-l3', DynamicAddresses: 'ipv4', neighbors: null, DEVICE: 'x' }
    writeFileSync(file, JSON.stringify({ name: 'n', Plugins: [{ type: 'bridge' }, own] }))
    const { exitCode, stdout } = run(`explain eth1 --config ${file}`)
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/carried +198\.51\.100\.6\/24/)
    expect(stdout).toMatch(/carried +198\.51\.100\.1 lladdr/)
  })

  it('says where a configuration is no JSON, in the words of ADD', () => {
    const file = `${testbed.stateDirectory}/broken.conf`
    writeFileSync(file, '{"name": "n",\n  "device" "eth1"}')
    const reason = 'line 2, column 12: ":" was expected, not "\\"eth1\\""'
    expect(run(`explain eth1 --config ${file}`).stderr).toContain(reason)
  })

  it.each([
    [`explain ${'x'.repeat(200)}`, '"device" cannot be "xxx'],
    ['explain eth7', 'there is no device "eth7" on the host'],
    ['explain eth1 --config /nothing', 'ENOENT'],
  ])('%s fails with words on stderr and nothing on stdout', (words, message) => {
    const { exitCode, stdout, stderr } = run(words)
    expect(exitCode).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).toContain(message)
  })
})
