import { type ChildProcess, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { callPlugin } from '../support/plugin.js'
import { Testbed } from '../support/testbed.js'

const RADVD_CONFIGURATION = `interface eth1 {
  AdvSendAdvert on;
  MinRtrAdvInterval 3;
  MaxRtrAdvInterval 4;
  prefix 2001:db8:a::/64 { AdvOnLink on; AdvAutonomous on; };
  route 2001:db8:b::/48 { };
};
`

/** A real router advertises a prefix, itself as default router, and a more specific route. */
describe.each(ARTEFACTS)('$artefact leaves behind', ({ path }) => {
  let testbed: Testbed
  let router: ChildProcess

  beforeEach(async () => {
    testbed = new Testbed()
    testbed.run(testbed.cloud, 'sysctl -q -w net.ipv6.conf.all.forwarding=1')
    testbed.run(testbed.host, 'sysctl -q -w net.ipv6.conf.eth1.accept_ra_rt_info_max_plen=64')
    // The sandbox must not listen to the same router itself.
    testbed.run(testbed.pod, 'sysctl -q -w net.ipv6.conf.default.accept_ra=0')
    testbed.onHost('address add 2001:db8::5/64 dev eth1')
    router = startRouter(testbed)
    await advertisement()
  })
  afterEach(() => {
    router.kill()
    testbed[Symbol.dispose]()
  })

  const advertisement = () =>
    vi.waitFor(
      () => {
        expect(testbed.onHost('-6 address show dev eth1')).toMatch(/2001:db8:a:.* mngtmpaddr/)
        expect(testbed.onHost('-6 route')).toMatch(/default via fe80.* proto ra/)
        expect(testbed.onHost('-6 route')).toMatch(/2001:db8:b::\/48 via fe80.* proto ra/)
      },
      { timeout: 30_000, interval: 200 },
    )

  it('what a router advertisement gave', () => {
    const { document } = callPlugin(testbed, path, 'ADD')
    expect(document.ips).toEqual([{ address: '2001:db8::5/64', interface: 0 }])
    expect(document.routes).toBe(undefined)
    expect(testbed.inPod('-6 address show dev net1')).not.toContain('2001:db8:a:')
    expect(testbed.inPod('-6 route show table all')).not.toMatch(/proto ra|default|2001:db8:b::/)
  })

  it('the forwarding of another device, which would take the default routes away', async () => {
    testbed.addDevice('eth2')
    testbed.onHost('address add 192.0.2.5/24 dev eth2')
    router.kill('SIGSTOP')
    testbed.run(testbed.host, 'sysctl -q -w net.ipv6.conf.eth2.forwarding=1')
    expect(testbed.onHost('-6 route')).not.toContain('default')
    router.kill('SIGCONT')
    await advertisement()
    testbed.onHost('route add 203.0.113.0/24 via 192.0.2.1 dev eth2')
    testbed.inPod('link add other type ifb')
    testbed.inPod('link set other up')
    testbed.inPod('route add 203.0.113.0/24 dev other')
    const { document } = callPlugin(testbed, path, 'ADD', { configuration: { device: 'eth2' } })
    expect(document.msg).toContain('cannot set route 203.0.113.0/24')
    expect(document.details).toContain(
      'host as eth2, up, but without sysctl net.ipv6.conf.forwarding',
    )
    expect(testbed.onHost('-6 route')).toMatch(/default via fe80.* proto ra/)
  })
})

function startRouter(testbed: Testbed): ChildProcess {
  const file = (name: string) => `${testbed.stateDirectory}/radvd.${name}`
  writeFileSync(file('conf'), RADVD_CONFIGURATION)
  const words = ['--nodaemon', '--config', file('conf'), '--pidfile', file('pid')]
  // `ip netns exec` replaces itself: the process is radvd's own.
  return spawn('ip', ['netns', 'exec', testbed.cloud, 'radvd', ...words], { stdio: 'ignore' })
}
