import { readFileSync, writeFileSync } from 'node:fs'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { callPlugin, startPlugin } from '../support/plugin.js'
import { tampered } from '../support/strace.js'
import { Testbed } from '../support/testbed.js'

/** So that another call comes between what a call does in the kernel. */
const SLOW = tampered('-e', 'inject=sendto:delay_enter=30ms')
/** So that all of another call comes between the look at the host and the move. */
const LATE = tampered('-e', 'inject=rename:delay_enter=1500ms:when=1')

const ADDRESSES = [
  'address add 198.51.100.5/24 dev eth1',
  'address add 192.0.2.5/24 dev eth2',
  'address add 2001:db8:1::5/64 dev eth1 nodad',
  'address add 2001:db8:2::5/64 dev eth2 nodad',
]

/** What eth1 and eth2 have in common, each in another way. */
const COMMON = {
  'a source of the other device': ['route add 203.0.113.0/24 dev eth1 src 192.0.2.5'],
  'a route through both': [
    'route add 203.0.113.0/24 nexthop via 198.51.100.1 dev eth1 nexthop via 192.0.2.1 dev eth2',
    '-6 route add 2001:db8:9::/48 nexthop via 2001:db8:1::1 dev eth1 nexthop via 2001:db8:2::1 dev eth2',
  ],
  'a nexthop group': [
    'nexthop add id 1 via 198.51.100.1 dev eth1',
    'nexthop add id 2 via 192.0.2.1 dev eth2',
    'nexthop add id 3 group 1/2',
    'route add 203.0.113.0/24 nhid 3',
    'nexthop add id 11 via 2001:db8:1::1 dev eth1',
    'nexthop add id 12 via 2001:db8:2::1 dev eth2',
    'nexthop add id 13 group 11/12',
    '-6 route add 2001:db8:9::/48 nhid 13',
  ],
}

describe.each(ARTEFACTS)('$artefact: devices that have routes in common', ({ path }) => {
  let testbed: Testbed
  beforeEach(() => {
    testbed = new Testbed()
    testbed.addDevice('eth2')
    for (const words of ADDRESSES) testbed.onHost(words)
  })
  afterEach(() => testbed[Symbol.dispose]())

  const optionsOf = (device: string) => ({
    // In one pod both would have the same route.
    configuration: { device, restoreOnDelete: true, useInterfaceNetwork: device === 'eth1' },
    variables: { CNI_CONTAINERID: `has-${device}`, CNI_IFNAME: `net-${device}` },
  })
  const call = (command: string, device: string) =>
    expect(callPlugin(testbed, path, command, optionsOf(device)).exitCode).toBe(0)
  const start = (command: string, device: string, wrapper: string[] = []) =>
    startPlugin(testbed, path, command, { ...optionsOf(device), wrapper })
  const isHome = (device: string) =>
    expect
      .poll(() => testbed.onHost('-brief link'), { interval: 1, timeout: 10_000 })
      .toContain(`${device}@`)
  const all = () =>
    ['nexthop', '-4 route', '-6 route'].map((words) =>
      testbed
        .onHost(words)
        .split('\n')
        .map((line) => line.trim())
        .toSorted(),
    )

  describe.each(Object.entries(COMMON))('%s', (_, lines) => {
    let before: string[][]
    beforeEach(() => {
      for (const words of lines) testbed.onHost(words)
      before = all()
    })
    afterEach(() => {
      expect(all()).toEqual(before)
      expect(testbed.filesIn('outstanding')).toEqual([])
    })

    it.each([
      ['eth1', 'eth2'],
      ['eth2', 'eth1'],
    ])('DEL of %s beside ADD of %s', async (one, other) => {
      call('ADD', one)
      const deleted = start('DEL', one, SLOW)
      await isHome(one)
      expect((await start('ADD', other, LATE)).exitCode).toBe(0)
      expect((await deleted).exitCode).toBe(0)
      call('DEL', other)
    })

    it.each([
      ['eth1', 'eth2'],
      ['eth2', 'eth1'],
    ])('DEL of %s beside DEL of %s', async (one, other) => {
      call('ADD', one)
      call('ADD', other)
      const deleted = start('DEL', one, SLOW)
      await isHome(one)
      call('DEL', other)
      expect((await deleted).exitCode).toBe(0)
    })

    it('ADD of eth1 beside DEL of eth2', async () => {
      call('ADD', 'eth2')
      const added = start('ADD', 'eth1', SLOW)
      call('DEL', 'eth2')
      expect((await added).exitCode).toBe(0)
      call('DEL', 'eth1')
    })
  })

  it.each(['capture', 'apply'])('ADD with mode %s sees all that a DEL gives back', async (mode) => {
    testbed.onHost('route add 203.0.113.0/24 via 198.51.100.1')
    call('ADD', 'eth1')
    testbed.inPod('link add net-2 type ifb')
    const deleted = start('DEL', 'eth1', SLOW)
    await isHome('eth1')
    const { exitCode, stdout } = callPlugin(testbed, path, 'ADD', {
      configuration: { cniVersion: '1.0.0', device: 'eth1', mode },
      variables: { CNI_CONTAINERID: 'other', CNI_IFNAME: 'net-2' },
    })
    expect((await deleted).exitCode).toBe(0)
    expect(exitCode, stdout).toBe(0)
    const [capture] = testbed.filesIn('captures')
    const seen =
      mode === 'apply'
        ? testbed.inPod('route show dev net-2')
        : readFileSync(`${testbed.stateDirectory}/captures/${capture}`, 'utf8')
    expect(seen).toContain('203.0.113.0')
  })

  it('does not wait for as long as other devices come and go', async () => {
    for (const words of COMMON['a route through both']) testbed.onHost(words)
    const others = ['ifb1', 'ifb2', 'ifb3', 'ifb4', 'ifb5', 'ifb6']
    for (const name of others) testbed.onHost(`link add ${name} type ifb`)
    let isOver = false
    const comesAndGoes = async (name: string) => {
      while (!isOver)
        for (const command of ['ADD', 'DEL'])
          expect((await start(command, name, SLOW)).exitCode).toBe(0)
    }
    const traffic = others.map(comesAndGoes)
    for (const command of ['ADD', 'DEL', 'ADD', 'DEL'])
      expect(await start(command, 'eth1')).toMatchObject({ exitCode: 0 })
    isOver = true
    await Promise.all(traffic)
    expect(testbed.filesIn('locks')).toEqual([])
  }, 120_000)

  describe('while another call', () => {
    const holding = async (how: '-s' | '-x', opened = '<', file = '') => {
      call('DEL', 'eth1')
      const script = `flock ${how} 9; echo locked; exec sleep 60`
      const holder = execa(
        'sh',
        ['-c', `exec 9${opened}${testbed.stateDirectory}/locks${file}; ${script}`],
        {
          reject: false,
        },
      )
      await new Promise((resolve) => holder.stdout?.once('data', resolve))
      return {
        [Symbol.asyncDispose]: async () => {
          holder.kill()
          await holder
        },
      }
    }
    const configuration = { device: 'eth1', timeoutSeconds: 1 }

    it('changes others, a device without common routes does not wait', async () => {
      await using _holder = await holding('-s')
      expect(callPlugin(testbed, path, 'ADD', { configuration }).exitCode).toBe(0)
      expect(callPlugin(testbed, path, 'DEL', { configuration }).exitCode).toBe(0)
    })

    it('waits for the others to be done, each waits some seconds for that, and not for ever', async () => {
      const since = Date.now()
      await using _holder = await holding('-x', '>', '/routes')
      expect(callPlugin(testbed, path, 'ADD', { configuration: { device: 'eth1' } }).exitCode).toBe(
        0,
      )
      expect(Date.now() - since).toBeGreaterThan(2000)
      expect(Date.now() - since).toBeLessThan(9000)
    })

    it('was killed while it waited, nobody waits for it', () => {
      call('DEL', 'eth1')
      writeFileSync(`${testbed.stateDirectory}/locks/routes`, '', { mode: 0o600 })
      expect(callPlugin(testbed, path, 'ADD', { configuration }).exitCode).toBe(0)
      expect(testbed.filesIn('locks')).toEqual([])
    })

    it('changes common routes, each waits, and then says for what', async () => {
      await using _holder = await holding('-x')
      const { document } = callPlugin(testbed, path, 'ADD', { configuration })
      expect(document).toMatchObject({ code: 11 })
      expect(document.msg).toMatch(/has been working on the routes of the host for too long$/)
      expect(testbed.onHost('link show dev eth1 up')).toContain('eth1')
    })

    it('changes others, a device with common routes waits', async () => {
      for (const words of COMMON['a route through both']) testbed.onHost(words)
      await using _holder = await holding('-s')
      expect(callPlugin(testbed, path, 'ADD', { configuration }).document).toMatchObject({
        code: 11,
      })
      expect(testbed.onHost('link show dev eth1 up')).toContain('eth1')
    })
  })
})
