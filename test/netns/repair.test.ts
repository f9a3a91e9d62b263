import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { batch } from '../support/batch.js'
import { takeSnapshot } from '../support/observer.js'
import { callPlugin, runCommandLine } from '../support/plugin.js'
import { runSync } from '../support/run-sync.js'
import { isLastingChange } from '../support/strace.js'
import { Testbed } from '../support/testbed.js'

const STATE = [
  'address add 198.51.100.5/24 dev eth1 label eth1:web',
  'address add 2001:db8::5/64 dev eth1 nodad',
  'route add 203.0.113.0/24 via 198.51.100.1 table 100 proto static',
  'route add default via 198.51.100.1 metric 100',
  'route add default via 2001:db8::1',
  'neighbour add 198.51.100.9 lladdr 02:00:00:00:00:09 dev eth1',
  'rule add from 198.51.100.5 lookup 100 priority 50',
  'rule add iif eth1 lookup 100 priority 60',
]

describe.each(ARTEFACTS)('repair: $artefact', ({ path }) => {
  let testbed: Testbed
  const results = () => `${testbed.stateDirectory}/results`
  const repair = (...words: string[]) =>
    runCommandLine(testbed, path, [
      ...['repair', '--state-dir', testbed.stateDirectory, '--results', results()],
      ...words,
    ])
  const call = (command: string, configuration: object = {}) => {
    const keys = { sysctls: ['net.ipv4.conf.rp_filter'], ...configuration }
    return callPlugin(testbed, path, command, { configuration: keys })
  }
  const podState = () => takeSnapshot({ path: `/run/netns/${testbed.pod}` })
  const inPod = (words: string) => testbed.run(testbed.pod, words)
  const change = (...lines: string[]) => batch(testbed.pod, ...lines)
  const add = (configuration: object = {}) => {
    const { exitCode, stdout, document } = call('ADD', configuration)
    expect(exitCode, stdout).toBe(0)
    return document
  }

  beforeEach(() => {
    testbed = new Testbed()
    testbed.run(testbed.host, 'sysctl -q -w net.ipv4.conf.eth1.rp_filter=2')
    batch(testbed.host, ...STATE)
  })
  afterEach(() => testbed[Symbol.dispose]())

  it.each([
    ['an address', ['address delete 198.51.100.5/24 dev net1'], 'address 198.51.100.5/24'],
    ['an IPv6 address', ['address delete 2001:db8::5/64 dev net1'], 'address 2001:db8::5/64'],
    ['a default route', ['route delete default'], 'route default via 198.51.100.1 dev net1'],
    [
      'an IPv6 route',
      ['route delete default via 2001:db8::1'],
      'route default via 2001:db8::1 dev net1',
    ],
    ['a route of a table', ['route flush table 100'], 'route 203.0.113.0/24 via 198.51.100.1'],
    ['a rule', ['rule delete priority 50'], 'rule 50: from 198.51.100.5/32 lookup 100'],
    ['a rule of its name', ['rule delete priority 60'], 'rule 60: from all iif net1 lookup 100'],
    ['a neighbour', ['neighbour delete 198.51.100.9 dev net1'], 'neighbour 198.51.100.9 lladdr'],
    [
      "a neighbour's MAC",
      ['neighbour replace 198.51.100.9 lladdr 02:00:00:00:00:66 dev net1'],
      'neighbour 198.51.100.9 lladdr 02:00:00:00:00:09',
    ],
    ['the up-state', ['link set net1 down'], 'up-state'],
    [
      'all',
      [
        'link set net1 down',
        'address flush dev net1',
        'rule delete priority 50',
        'neighbour flush all nud permanent',
      ],
      'address 198.51.100.5/24',
    ],
  ])('puts back %s', async (_, lines, what) => {
    add()
    const before = await podState()
    change(...lines)
    expect(await podState()).not.toEqual(before)
    const dry = repair('--all', '--dry-run')
    expect(dry).toMatchObject({ exitCode: 0, stderr: '' })
    expect(dry.stdout).toContain(`would try to put back ${what}`)
    expect(await podState()).not.toEqual(before)
    const { exitCode, stdout, stderr } = repair('eth1')
    expect({ exitCode, stderr }, stdout).toEqual({ exitCode: 0, stderr: '' })
    expect(stdout.replaceAll(': put back', ': would try to put back')).toBe(dry.stdout)
    await expect.poll(podState).toEqual(before)
    expect(repair('--all').stdout).toMatch(
      /^eth1, lent to container .* as net1: nothing to repair$/,
    )
    expect(call('DEL', { restoreOnDelete: true })).toMatchObject({ exitCode: 0, stderr: '' })
    expect(testbed.inPod('rule')).not.toContain('lookup 100')
  })

  it('puts back MTU and sysctls where that is asked for', () => {
    add()
    change('link set net1 mtu 1400')
    inPod('sysctl -q -w net.ipv4.conf.net1.rp_filter=0')
    expect(repair('--all').stdout).toContain('nothing to repair')
    const { exitCode, stdout } = repair('--all', '--settings')
    expect(exitCode, stdout).toBe(0)
    expect(stdout).toContain('put back mtu 1500')
    expect(stdout).toContain('put back sysctl net.ipv4.conf.rp_filter')
    expect(testbed.inPod('link show dev net1')).toContain('mtu 1500')
    expect(inPod('sysctl -n net.ipv4.conf.net1.rp_filter').stdout).toBe('2')
  })

  it('asks the kernel for no change where there is nothing to repair', () => {
    add()
    const file = `${testbed.stateDirectory}/trace`
    const words = ['-f', '-qq', '-y', '-s', '4096', '-o', file, '-e', 'trace=all']
    const own = ['repair', '--all', '--settings', '--state-dir', testbed.stateDirectory]
    const { stdout } = runSync('ip', [
      ...['netns', 'exec', testbed.host, 'strace', ...words, path, ...own],
    ])
    expect(stdout).toContain('nothing to repair')
    const calls = readFileSync(file, 'utf8').split('\n')
    expect(calls.filter((line) => line.includes(' sendto(')).length).toBeGreaterThan(4)
    expect(calls.filter(isLastingChange)).toEqual([])
  })

  it('leaves what another plugin has put in the place of a route', () => {
    add()
    change(
      'route delete default',
      'link add other type veth peer name peer',
      'address add 192.0.2.2/24 dev other',
      'link set other up',
      'link set peer up',
      'route add default via 192.0.2.1 metric 100',
    )
    const { exitCode, stdout } = repair('--all')
    expect(exitCode).toBe(0)
    expect(stdout).toContain('left route default via 198.51.100.1 dev net1 metric 100: ')
    expect(testbed.inPod('route show default')).toContain('via 192.0.2.1')
  })

  it('takes a route for there that a plugin has moved to another table', () => {
    add()
    change('route delete default', 'route add default via 198.51.100.1 table 42')
    expect(repair('--all').stdout).toContain('nothing to repair')
  })

  it("leaves away what the runtime's result no longer has, and puts back what IPAM assigned", () => {
    const result = add()
    mkdirSync(results())
    const cache = (kept: object) =>
      writeFileSync(
        `${results()}/lent-container-1-net1`,
        JSON.stringify({
          ...{ kind: 'cniCacheV1', containerId: 'container-1', ifName: 'net1' },
          result: kept,
        }),
        { mode: 0o600 },
      )
    change('route delete default', 'address delete 2001:db8::5/64 dev net1')
    cache({
      ...result,
      ips: [
        ...result.ips.filter(({ address }: { address: string }) => !address.includes(':')),
        { address: '192.0.2.7/24', interface: 0 },
      ],
      routes: [
        ...result.routes.filter(({ dst }: { dst: string }) => !dst.endsWith('/0')),
        { dst: '192.0.2.128/25', gw: '192.0.2.1' },
      ],
    })
    const { exitCode, stdout } = repair('--all')
    expect(exitCode, stdout).toBe(0)
    const lines = stdout.split('\n').map((line) => line.replace(/^.*?: put back /, ''))
    expect(lines).toEqual(['address 192.0.2.7/24', 'route 192.0.2.128/25 via 192.0.2.1 dev net1'])
    expect(testbed.inPod('address show dev net1')).toContain('192.0.2.7/24')
    rmSync(results(), { recursive: true })
    expect(repair('--all').stdout).toContain('put back address 2001:db8::5/64')
  })

  it('says what is done as JSON', () => {
    add()
    change('rule delete priority 50')
    const { stdout } = repair('--all', '--json')
    expect(JSON.parse(stdout)).toEqual({
      attachments: [
        {
          ...{ device: 'eth1', mode: 'move', as: 'net1', containerId: 'container-1' },
          ...{ left: [], refused: [] },
          sandbox: testbed.sandboxPath,
          done: ['rule 50: from 198.51.100.5/32 lookup 100'],
        },
      ],
    })
  })

  it('puts back what was applied to the interface of another plugin', async () => {
    batch(
      testbed.pod,
      'link add net1 type veth peer name peer',
      'link set net1 up',
      'link set peer up',
    )
    const prevResult = {
      cniVersion: '1.1.0',
      interfaces: [{ name: 'net1', sandbox: testbed.sandboxPath }],
    }
    add({ mode: 'apply', prevResult })
    const before = await podState()
    change('address delete 198.51.100.5/24 dev net1', 'rule delete priority 50')
    const { exitCode, stdout } = repair('eth1')
    expect(exitCode, stdout).toBe(0)
    expect(stdout).toMatch(
      /^net1 of container container-1, which has the state of eth1: put back address 198\.51\.100\.5\/24$/m,
    )
    expect(stdout).not.toContain('lent')
    await expect.poll(podState).toEqual(before)
    change('link delete net1')
    expect(repair('--all')).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('gone') })
  })

  it('finds the device under the name that its pod gave it', async () => {
    add()
    change('link set net1 down', 'link set net1 name other', 'address flush dev other')
    expect(repair('--all').exitCode).toBe(0)
    expect(testbed.inPod('-br address show dev other')).toContain('198.51.100.5/24')
    expect(call('DEL')).toMatchObject({ exitCode: 0 })
  })

  describe('takes nothing from the host', () => {
    it('where the pod has lost the device, and the host has one of its name and MAC', () => {
      add()
      const mac = /ether (\S+)/.exec(testbed.inPod('link show dev net1'))?.[1]
      change('link delete net1')
      batch(
        testbed.host,
        `link add eth1 address ${mac} type veth peer name eth1 netns ${testbed.cloud}`,
        'link set eth1 alias eth1',
      )
      const before = testbed.hostState()
      const { exitCode, stdout } = repair('--all')
      expect(exitCode).toBe(1)
      expect(stdout).toContain('eth1 is neither in sandbox')
      expect(testbed.hostState()).toBe(before)
    })

    it('where the device itself is there', () => {
      add()
      change(`link set net1 netns ${testbed.host}`)
      const { exitCode, stdout } = repair('--all')
      expect(exitCode).toBe(1)
      expect(stdout).toContain('eth1 is on the host, as net1')
      expect(testbed.onHost('link show dev net1')).not.toBe('')
    })

    it('where another namespace is at the path of its sandbox', () => {
      add()
      runSync('ip', ['netns', 'delete', testbed.pod])
      runSync('ip', ['netns', 'add', testbed.pod])
      const { exitCode, stdout } = repair('--all')
      expect(exitCode).toBe(0)
      expect(stdout).toContain('its sandbox is gone')
    })
  })

  it('asks which device is meant', () => {
    const refusals: [string[], string][] = [
      [[], 'repair needs a DEVICE, or --all'],
      [['eth1', '--all'], 'repair takes "eth1", or --all, and not both'],
    ]
    for (const [words, text] of refusals)
      expect(repair(...words)).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(text) })
    expect(repair('eth7').stderr).toContain('eth7 is lent to nobody')
    expect(repair('--all')).toMatchObject({ exitCode: 0, stdout: 'nothing is lent' })
  })

  it('is done by CHECK where the configuration says so', async () => {
    const prevResult = add()
    const before = await podState()
    const check = (keys: object = {}) => call('CHECK', { prevResult, ...keys })
    change(
      'address delete 2001:db8::5/64 dev net1',
      'rule delete priority 50',
      'link set net1 down',
    )
    expect(check().document.code).toBe(105)
    const { exitCode, stdout, stderr } = check({ repairOnCheck: true })
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' })
    expect(stderr).toContain('CHECK put back rule 50: from 198.51.100.5/32 lookup 100 of net1')
    await expect.poll(podState).toEqual(before)
    change('route delete default')
    const routes = prevResult.routes.filter(({ dst }: { dst: string }) => dst !== '0.0.0.0/0')
    const without = { prevResult: { ...prevResult, routes }, repairOnCheck: true }
    expect(check(without)).toMatchObject({ exitCode: 0, stderr: '' })
    expect(testbed.inPod('route show default')).toBe('')
  })
})
