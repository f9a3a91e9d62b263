import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { Chain, chained, searchPathFor } from '../support/chain.js'
import { hooksToCopy } from '../support/gvisor/bundle.js'
import { GvisorSandbox, runInGvisor } from '../support/gvisor/runsc.js'
import { askFor, fetchPage, startWebServer, WEB_SERVER } from '../support/gvisor/web-page.js'
import { callPlugin } from '../support/plugin.js'
import { Testbed } from '../support/testbed.js'

const STARTING = { timeout: 15_000, interval: 100 }

const MACVLAN = {
  type: 'macvlan',
  master: 'eth1',
  ipam: {
    type: 'static',
    addresses: [
      { address: '198.51.100.5/24', gateway: '198.51.100.1' },
      { address: '2001:db8::5/64', gateway: '2001:db8::1' },
      { address: '2001:db8::6/64' },
    ],
    routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0' }],
  },
}

describe.each(ARTEFACTS)('$artefact, and gVisor as Debian has it:', ({ path }) => {
  let testbed: Testbed

  const makeChain = (ours: object[]) =>
    new Chain(
      testbed,
      {
        cniVersion: '1.0.0',
        name: 'gvisor',
        plugins: [
          MACVLAN,
          ...ours.map((keys) =>
            chained(testbed, path, { device: undefined, ifName: undefined, ...keys }),
          ),
        ],
      },
      searchPathFor(testbed, path),
    )
  const addWith = (keys: object) => {
    const chain = makeChain([keys])
    return { chain, result: chain.add() }
  }
  /** The stock plugin does not know what gVisor does. */
  const checkOurs = (prevResult: unknown) =>
    callPlugin(testbed, path, 'CHECK', {
      configuration: { cniVersion: '1.0.0', device: undefined, gvisor: true, prevResult },
      variables: { CNI_IFNAME: 'eth0' },
    })
  const page = (address: string) => fetchPage(testbed, testbed.cloud, address)

  beforeEach(() => {
    testbed = new Testbed()
  })
  afterEach(() => testbed[Symbol.dispose]())

  describe('a macvlan device', () => {
    it('is deaf for IPv6 without us', async () => {
      makeChain([]).add()
      await using _sandbox = GvisorSandbox.start(testbed, WEB_SERVER)
      await expect.poll(() => page('198.51.100.5'), STARTING).toBe('hello')
      expect(page('2001:db8::5')).toBe('')
    })

    it('hears with us in the chain, start after start', async () => {
      for (let start = 0; start < 3; start++) {
        const { chain, result } = addWith({ gvisor: true })
        expect(result.ips).toHaveLength(3)
        chain.check()
        {
          await using _sandbox = GvisorSandbox.start(testbed, WEB_SERVER)
          for (const address of ['198.51.100.5', '2001:db8::5', '2001:db8::6'])
            await expect.poll(() => page(address), STARTING).toBe('hello')
          expect(testbed.inPod('address show dev eth0')).toContain('2001:db8::6/128')
          expect(checkOurs(result)).toMatchObject({ exitCode: 0, stdout: '' })
        }
        chain.delete()
        // The next device has another MAC.
        testbed.inCloud('neighbour flush dev eth1')
      }
    })

    it('reaches others from inside, with us in the chain', async () => {
      addWith({ gvisor: true })
      await using _server = startWebServer(testbed, testbed.cloud)
      const ask = ['198.51.100.1', '2001:db8::1'].map(askFor).join('; ')
      // It may be some milliseconds until the address is back.
      const said = await runInGvisor(testbed, `sleep 1; ${ask}`)
      expect(said).toEqual({ exitCode: 0, said: 'hellohello' })
    })

    it('hears after `keep`, which a hook calls, in place of a keeper', async () => {
      const { chain, result } = addWith({ gvisor: { timeoutSeconds: 0 } })
      await using _sandbox = GvisorSandbox.start(testbed, WEB_SERVER)
      await expect.poll(() => page('198.51.100.5'), STARTING).toBe('hello')
      expect(page('2001:db8::5')).toBe('')
      const where = `--netns ${testbed.sandboxPath} --state-dir ${testbed.stateDirectory}`
      expect(testbed.run(testbed.host, `${path} keep ${where}`).stdout).toMatch(
        /^eth0: put back 2001:db8::[56]\/128, 2001:db8::[56]\/128$/,
      )
      await expect.poll(() => page('2001:db8::5'), STARTING).toBe('hello')
      expect(checkOurs(result).exitCode).toBe(0)
      chain.delete()
    })
  })

  it('a macvlan device hears after the poststart hook to copy, without a keeper', async () => {
    const { chain, result } = addWith({ gvisor: { timeoutSeconds: 0 } })
    const hooks = hooksToCopy(path, testbed.stateDirectory)
    await using _sandbox = GvisorSandbox.start(testbed, WEB_SERVER, hooks)
    for (const address of ['198.51.100.5', '2001:db8::5', '2001:db8::6'])
      await expect.poll(() => page(address), STARTING).toBe('hello')
    expect(testbed.inPod('-6 address show dev eth0')).toContain('2001:db8::6/128')
    expect(testbed.inPod('-4 address show dev eth0')).toBe('')
    expect(checkOurs(result).exitCode).toBe(0)
    chain.delete()
  })

  describe('a device with', () => {
    const add = (gvisor: boolean) =>
      callPlugin(testbed, path, 'ADD', { configuration: { cniVersion: '1.0.0', gvisor } })

    it.each([
      {
        state: 'two default routes',
        words: [
          'route add default via 198.51.100.1',
          'route add default via 198.51.100.9 metric 9',
        ],
        complaint: 'more than one default route found',
      },
      {
        state: 'a default route without a gateway',
        words: ['route add default dev eth1'],
        complaint: 'default route with no gateway',
      },
      {
        state: 'two IPv6 default routes',
        words: [
          '-6 route add default via fe80::1 dev eth1 metric 1',
          '-6 route add default via fe80::2 dev eth1 metric 2',
        ],
        complaint: 'more than one default route found',
      },
      {
        state: 'a peer address',
        words: ['address add 10.1.0.2 peer 10.1.0.1/32 dev eth1'],
        complaint: 'removing address 10.1.0.2/32',
      },
    ])('$state makes runsc refuse, and does not with the key', async ({ words, complaint }) => {
      testbed.onHost('address add 198.51.100.5/24 dev eth1')
      testbed.onHost('address add 2001:db8::5/64 dev eth1 nodad')
      for (const word of words) testbed.onHost(word)
      const keys = { configuration: { restoreOnDelete: true } }
      expect(add(false).exitCode).toBe(0)
      const refused = await runInGvisor(testbed, 'true')
      expect(refused).toEqual({ exitCode: 128, said: expect.stringContaining(complaint) })
      expect(callPlugin(testbed, path, 'DEL', keys).exitCode).toBe(0)
      expect(add(true).exitCode).toBe(0)
      expect(await runInGvisor(testbed, 'true')).toEqual({ exitCode: 0, said: '' })
    })

    it('a default route beside that of another interface does not make runsc refuse', async () => {
      testbed.onHost('address add 198.51.100.5/24 dev eth1')
      testbed.onHost('route add default via 198.51.100.1 metric 5')
      testbed.inPod(`link add eth0 type veth peer name eth0 netns ${testbed.cloud}`)
      testbed.inPod('link set eth0 up')
      testbed.inPod('address add 10.0.0.2/24 dev eth0')
      testbed.inPod('route add default via 10.0.0.1')
      expect(add(true).exitCode).toBe(0)
      expect(await runInGvisor(testbed, 'true')).toEqual({ exitCode: 0, said: '' })
    })
  })
})
