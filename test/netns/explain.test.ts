import { mkdirSync, writeFileSync } from 'node:fs'
import { Value } from '@sinclair/typebox/value'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { HostNetworkStateSchema } from '../../src/state/schema.js'
import { ARTEFACTS } from '../support/artefacts.js'
import { callPlugin, runCommandLine } from '../support/plugin.js'
import { runSync } from '../support/run-sync.js'
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
    const { exitCode, stdout } = run('explain eth1 --all')
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
    expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(
      /ADD would warn .*is carried without its source 198\.51\.100\.6/,
    )
    expect(stdout).toMatch(/\n\nADD would lend it$/)
    expect(hostState()).toBe(before)
  })

  it('names every device of a route through several', () => {
    testbed.addDevice('eth2')
    testbed.onHost('address add 172.31.0.1/24 dev eth2')
    const [ours, other] = ['nexthop via 198.51.100.1 dev eth1', 'nexthop via 172.31.0.9 dev eth2']
    testbed.onHost(`route add 10.50.0.0/16 ${other} ${ours}`)
    testbed.onHost(`route add 10.51.0.0/16 ${ours} ${other}`)
    const { stdout } = run('explain eth1')
    const flat = stdout.replaceAll(/\s+/g, ' ')
    expect(flat).toContain(`10.50.0.0/16 ${other} weight 1 ${ours} weight 1`)
    expect(flat).toContain(`10.51.0.0/16 ${ours} weight 1 ${other} weight 1`)
    const { stderr } = callPlugin(testbed, path, 'ADD')
    expect(stderr).toMatch(
      /of the route 10\.50\.0\.0\/16 nexthop via 172\.31\.0\.9 dev eth2 .* dev eth1/,
    )
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

  it('says of a list with two entries of this plugin which it looks at', () => {
    const file = `${testbed.stateDirectory}/list.conflist`
    const own = { type: 'host-device-l3', device: 'eth1' }
    const plugins = [{ type: 'bridge' }, { ...own, ifName: 'a' }, { ...own, ifName: 'b' }]
    const said = () => run(`explain --config ${file}`).stdout.replaceAll(/\s+/g, ' ')
    writeFileSync(file, JSON.stringify({ name: 'n', plugins }))
    expect(said()).toContain('2 entries of this plugin, and this is about entry 2 of 3 only')
    writeFileSync(file, JSON.stringify({ name: 'n', plugins: plugins.slice(0, 2) }))
    expect(said()).not.toContain('entries of this plugin')
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
    const { stdout } = run(`explain eth1 --config ${file}`)
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(reason)
  })

  it('leaves out what the kernel makes itself, and says so', () => {
    const [less = '', more = ''] = ['', ' --all'].map((all) => run(`explain eth1${all}`).stdout)
    expect(more).toContain('every namespace has this rule')
    expect(less).not.toMatch(/every namespace has this rule|kernel makes it itself|link-local/)
    const [, count] = /\n {2}(\d+) objects of the kernel's own are left out/.exec(less) ?? []
    const rows = (text: string) => text.match(/^ {2}left behind /gm)?.length ?? 0
    expect(rows(more) - rows(less)).toBe(Number(count))
  })

  it('fits 100 columns, and has no colours', () => {
    testbed.onHost(
      'route add 203.0.113.0/24 via 198.51.100.1 mtu lock 1300 advmss 1200 initcwnd 20',
    )
    testbed.onHost(
      'route add broadcast 203.0.113.7 dev eth1 table local proto kernel metric 400000',
    )
    testbed.inPod('link add net1 type ifb')
    const { exitCode, stdout } = run(`explain eth1 --all --netns ${testbed.sandboxPath}`)
    expect(exitCode).toBe(1)
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100)
    expect(stdout).not.toContain('\u001b')
  })

  it('looks into a sandbox only if it is said which', () => {
    testbed.inPod('link add net1 type ifb')
    const { exitCode, stdout } = run('explain eth1')
    expect(exitCode).toBe(0)
    expect(stdout).toContain('no sandbox was looked at: --netns PATH says which')
    const sandbox = `--netns ${testbed.sandboxPath}`
    expect(run(`explain eth1 ${sandbox}`)).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining('ADD would refuse: code 101: cannot lend eth1 to sandbox'),
    })
    const other = run(`explain eth1 ${sandbox} --interface net2`)
    expect(other).toMatchObject({ exitCode: 0 })
    expect(other.stdout).not.toContain('no sandbox was looked at')
  })

  it('shows what a device has although ADD would refuse it', () => {
    testbed.onHost('link add link eth1 name upper type macvlan')
    const { exitCode, stdout } = run('explain eth1')
    expect(exitCode).toBe(1)
    expect(stdout).toMatch(/carried +198\.51\.100\.5\/24/)
    expect(stdout).toMatch(
      /\nADD would refuse: code 104: cannot lend eth1: upper on the host depends/,
    )
    expect(JSON.parse(run('explain eth1 --json').stdout)).toMatchObject({
      device: { name: 'eth1' },
      verdict: { accepts: false, code: 104, details: expect.stringContaining('"force": true') },
    })
  })

  it('takes the device that the configuration selects, if none is given', () => {
    const file = `${testbed.stateDirectory}/own.conf`
    const own = { cniVersion: '1.0.0', name: 'n', type: 'host-device-l3', device: 'eth1' }
    writeFileSync(file, JSON.stringify(own))
    expect(run(`explain --config ${file}`).stdout).toMatch(/^eth1: up/)
    writeFileSync(file, JSON.stringify({ ...own, pciBusID: '0000:ff:1f.3' }))
    expect(run(`explain --config ${file}`).stdout).toContain('ADD would refuse: code 100: ')
    expect(run(`explain eth1 --config ${file}`).exitCode).toBe(0)
  })

  it('leaves broken records where they are', () => {
    const directory = `${testbed.stateDirectory}/attachments`
    mkdirSync(directory, { mode: 0o700 })
    writeFileSync(`${directory}/x.json`, '{', { mode: 0o600 })
    const file = `${testbed.stateDirectory}/own.conf`
    const own = { cniVersion: '1.0.0', name: 'n', stateDir: testbed.stateDirectory }
    writeFileSync(file, JSON.stringify(own))
    const { exitCode, stdout } = run(`explain eth1 --config ${file}`)
    expect(exitCode).toBe(0)
    expect(stdout).toContain('x.json is cut off or not ours; the next call sets it aside')
    expect(testbed.filesIn('attachments')).toEqual(['x.json'])
  })

  it.each([
    ['net_admin', 'programs that others attached (tcx)'],
    ['sys_admin', 'the identity of the device'],
  ])('says what it could not look at without CAP_%s', (right, unseen) => {
    const rights = [`--bounding-set=-${right}`, `--inh-caps=-${right}`]
    const options = { reject: false } as const
    const words = ['netns', 'exec', testbed.host, 'setpriv', ...rights, path, 'explain', 'eth1']
    const { exitCode, stdout } = runSync('ip', words, options)
    expect(exitCode).toBe(0)
    const note = `this process is without CAP_${right.toUpperCase()}: ${unseen}`
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(note)
    expect(stdout).toMatch(/\nADD would lend it, as far as this process can see$/)
    expect(run('explain eth1').stdout).toMatch(/\nADD would lend it$/)
  })

  it('says of what the kernel has put back on the host that ADD releases it first', () => {
    expect(callPlugin(testbed, path, 'ADD').exitCode).toBe(0)
    testbed.inPod('link set net1 netns 1')
    try {
      runSync('ip', ['link', 'set', 'net1', 'netns', testbed.host])
    } catch (error) {
      runSync('ip', ['link', 'delete', 'net1'])
      throw error
    }
    const file = `${testbed.stateDirectory}/own.conf`
    const own = { cniVersion: '1.0.0', name: 'n', stateDir: testbed.stateDirectory }
    writeFileSync(file, JSON.stringify(own))
    const { exitCode, stdout } = run(`explain eth1 --config ${file}`)
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/^net1: down/)
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(
      `ADD first releases it from ${testbed.sandboxPath}, where it is no more`,
    )
  })

  it.each([
    [`explain ${'x'.repeat(200)}`, 'ADD would refuse: code 7: invalid configuration: "device"'],
    ['explain eth7', 'ADD would refuse: code 100: '],
    ['explain eth1 --interface a/b', 'ADD would refuse: code 4: interface name contains /'],
    ['explain eth1 --netns /nothing', 'ADD would refuse: code 8: failed to open netns'],
  ])('%s fails with what ADD would say, on stdout', (words, message) => {
    const { exitCode, stdout, stderr } = run(words)
    expect(exitCode).toBe(1)
    expect(stdout).toContain(message)
    expect(stderr).toBe('')
  })

  it('says that a list has no entry of this plugin', () => {
    const file = `${testbed.stateDirectory}/list.conflist`
    writeFileSync(file, JSON.stringify({ name: 'n', plugins: [{ type: 'bridge' }] }))
    expect(run(`explain eth1 --config ${file}`)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('no entry of "plugins" in the list has the "type"'),
    })
  })

  it.each([
    ['explain', 'explain needs a DEVICE, or --config FILE'],
    ['explain eth1 --config /nothing', 'ENOENT'],
  ])('%s fails with words on stderr and nothing on stdout', (words, message) => {
    const { exitCode, stdout, stderr } = run(words)
    expect(exitCode).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).toContain(message)
  })
})
