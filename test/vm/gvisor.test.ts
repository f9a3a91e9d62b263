import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { Chain, chainErrorOf, chained, searchPathFor } from '../support/chain.js'
import {
  askFor,
  fetchPage,
  GvisorSandbox,
  runInGvisor,
  startWebServer,
  WEB_SERVER,
} from '../support/gvisor/runsc.js'
import { Testbed } from '../support/testbed.js'

// Needs a kernel with ipvlan, and the Debian packages runsc, containernetworking-plugins and
// busybox-static.

const STARTING = { timeout: 60_000, interval: 200 }
const STARTS = 10

const ROUTES = [{ dst: '0.0.0.0/0' }, { dst: '::/0' }]

/** On the link of its master. */
const L2 = {
  addresses: [
    { address: '198.51.100.5/24', gateway: '198.51.100.1' },
    { address: '198.51.100.6/24' },
    { address: '2001:db8::5/64', gateway: '2001:db8::1' },
    { address: '2001:db8::6/64' },
  ],
  routes: ROUTES,
}

/** In a network of its own, that others reach by the host. */
const L3 = {
  addresses: [
    { address: '10.9.0.5/24', gateway: '10.9.0.1' },
    { address: '2001:db8:9::5/64', gateway: '2001:db8:9::1' },
  ],
  routes: ROUTES,
}

describe.each(ARTEFACTS.slice(0, 1))('ipvlan and gVisor, with $artefact', ({ path }) => {
  let testbed: Testbed

  const chainOf = (mode: string, assigned: object, ours: object[]) =>
    new Chain(
      testbed,
      {
        cniVersion: '1.0.0',
        name: 'gvisor',
        plugins: [
          { type: 'ipvlan', master: 'eth1', mode, ipam: { type: 'static', ...assigned } },
          ...ours.map((keys) =>
            chained(testbed, path, { device: undefined, ifName: undefined, ...keys }),
          ),
        ],
      },
      searchPathFor(testbed, path),
    )
  const page = (address: string) => fetchPage(testbed, testbed.cloud, address)

  /** Asks from inside, both families. */
  const askFromInside = async () => {
    await using _server = startWebServer(testbed, testbed.cloud)
    const ask = ['198.51.100.1', '2001:db8::1'].map(askFor).join('; ')
    return await runInGvisor(
      testbed,
      `busybox timeout 20 sh -c ${JSON.stringify(`sleep 2; ${ask}`)}`,
    )
  }

  beforeEach(() => {
    testbed = new Testbed()
  })
  afterEach(() => testbed[Symbol.dispose]())

  it('is deaf without us', async () => {
    chainOf('l2', L2, []).add()
    const { said } = await askFromInside()
    expect(said).not.toContain('hello')
  })

  it('reaches others with us in the chain', async () => {
    chainOf('l2', L2, [{ gvisor: true }]).add()
    expect(await askFromInside()).toEqual({ exitCode: 0, said: 'hellohello' })
  })

  it(
    `is reached with us in the chain, ${STARTS} starts in a row`,
    async () => {
      for (let start = 0; start < STARTS; start++) {
        const chain = chainOf('l2', L2, [{ gvisor: true }])
        expect(chain.add().ips).toHaveLength(4)
        {
          await using _sandbox = GvisorSandbox.start(testbed, WEB_SERVER)
          for (const { address } of L2.addresses)
            await expect.poll(() => page(address.split('/')[0] ?? ''), STARTING).toBe('hello')
        }
        chain.delete()
      }
    },
    STARTS * 60_000,
  )

  it('hears in mode l3, but the driver drops what gVisor sends', async () => {
    testbed.onHost('address add 198.51.100.2/24 dev eth1')
    testbed.onHost('address add 2001:db8::2/64 dev eth1 nodad')
    testbed.inCloud('route add 10.9.0.0/24 via 198.51.100.2')
    testbed.inCloud('route add 2001:db8:9::/64 via 2001:db8::2')
    testbed.run(testbed.host, 'sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1')
    chainOf('l3', L3, [{ gvisor: true }]).add()
    for (const gateway of ['10.9.0.1', '2001:db8:9::1'])
      testbed.inPod(`neighbour add ${gateway} lladdr 02:00:00:00:00:01 dev eth0 nud permanent`)
    await using _sandbox = GvisorSandbox.start(testbed, WEB_SERVER)
    const addresses = () => testbed.inPod('address show dev eth0')
    await expect.poll(addresses, STARTING).toContain('10.9.0.5/32')
    await expect.poll(addresses, STARTING).toContain('2001:db8:9::5/128')
    const statistics = () => JSON.parse(testbed.inPod('-json -s link show dev eth0'))[0].stats64
    const before = statistics()
    expect(page('10.9.0.5')).toBe('')
    expect(statistics().rx.packets).toBeGreaterThan(before.rx.packets)
    expect(statistics().tx.dropped).toBeGreaterThan(before.tx.dropped)
    expect(statistics().tx.packets).toBe(0)
  })

  it('is refused in mode l3s, with the reason', () => {
    const error = chainErrorOf(() => chainOf('l3s', L3, [{ gvisor: true }]).add())
    expect(error.document).toMatchObject({
      code: 104,
      msg: expect.stringContaining('eth0 is an ipvlan device in mode l3s, which gVisor cannot use'),
    })
  })
})
