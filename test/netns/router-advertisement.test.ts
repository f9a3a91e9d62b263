import { type ChildProcess, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { callPlugin } from '../support/plugin.js'
import { Testbed } from '../support/testbed.js'

const configurationOf = (validSeconds: number) => `interface eth1 {
  AdvSendAdvert on;
  MinRtrAdvInterval 3;
  MaxRtrAdvInterval 4;
  prefix 2001:db8:a::/64 { AdvOnLink on; AdvAutonomous on; AdvValidLifetime ${validSeconds}; };
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

  it('nothing that keeps later advertisements from renewing what they gave, however often it is lent', async () => {
    const routes = () => testbed.onHost('-6 route show dev eth1').replaceAll(/ expires \d+sec/g, '')
    const secondsOf = () => ({
      address: Number(/valid_lft (\d+)sec/.exec(testbed.onHost('-6 addr show dynamic'))?.[1]),
      prefix: Number(/expires (\d+)sec/.exec(testbed.onHost('-6 route show 2001:db8:a::/64'))?.[1]),
    })
    const given = routes()
    for (const seconds of [100_000, 200_000]) {
      callPlugin(testbed, path, 'ADD')
      router.kill('SIGSTOP')
      callPlugin(testbed, path, 'DEL')
      const restored = given.replaceAll('proto ra metric 1024', 'proto ra metric 1025')
      expect(routes()).toBe(restored)
      configure(testbed, { validSeconds: seconds })
      router.kill('SIGCONT')
      router.kill('SIGHUP')
      await vi.waitFor(
        () => {
          const { address, prefix } = secondsOf()
          expect(address).toBeGreaterThan(seconds - 100)
          expect(prefix).toBeGreaterThan(seconds - 100)
        },
        { timeout: 30_000, interval: 200 },
      )
      const lines = [...new Set([...given.split('\n'), ...restored.split('\n')])]
      expect(routes().split('\n').toSorted()).toEqual(lines.toSorted())
    }
  })

  it('a route of a daemon in place of the kernel, which comes home as it was', () => {
    router.kill('SIGSTOP')
    testbed.run(testbed.host, 'sysctl -q -w net.ipv6.conf.eth1.accept_ra=0')
    const before = testbed.onHost('-6 route show proto ra').replaceAll(/ expires \d+sec/g, '')
    expect(before).toContain('metric 1024')
    callPlugin(testbed, path, 'ADD')
    callPlugin(testbed, path, 'DEL')
    const after = testbed.onHost('-6 route show proto ra').replaceAll(/ expires \d+sec/g, '')
    expect(after).toBe(before)
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

  it.each(['all', ['net.ipv6.conf.forwarding']])(
    'the forwarding of another device, also with "sysctls": %j',
    async (sysctls) => {
      testbed.addDevice('eth2')
      router.kill('SIGSTOP')
      testbed.run(testbed.host, 'sysctl -q -w net.ipv6.conf.eth2.forwarding=1')
      router.kill('SIGCONT')
      await advertisement()
      const configuration = { device: 'eth2', sysctls }
      expect(callPlugin(testbed, path, 'ADD', { configuration }).exitCode).toBe(0)
      const { exitCode, stderr } = callPlugin(testbed, path, 'DEL', { configuration })
      expect(exitCode).toBe(0)
      expect(stderr).toMatch(/without sysctl net\.ipv6\.conf\.forwarding: .* default routes away/)
      expect(testbed.onHost('-6 route')).toMatch(/default via fe80.* proto ra/)
      const { stdout } = testbed.run(testbed.host, 'sysctl -n net.ipv6.conf.eth2.forwarding')
      expect(stdout).toBe('0')
    },
  )

  it('no word about a forwarding that its device has at home', async () => {
    testbed.addDevice('eth2')
    router.kill('SIGSTOP')
    for (const name of ['default', 'eth2'])
      testbed.run(testbed.host, `sysctl -q -w net.ipv6.conf.${name}.forwarding=1`)
    router.kill('SIGCONT')
    await advertisement()
    const configuration = { device: 'eth2', sysctls: 'all' }
    expect(callPlugin(testbed, path, 'ADD', { configuration }).exitCode).toBe(0)
    expect(callPlugin(testbed, path, 'DEL', { configuration })).toMatchObject({
      exitCode: 0,
      stderr: '',
    })
    expect(testbed.onHost('-6 route')).toMatch(/default via fe80.* proto ra/)
  })
})

const fileOf = (testbed: Testbed, name: string) => `${testbed.stateDirectory}/radvd.${name}`

function configure(testbed: Testbed, { validSeconds }: { validSeconds: number }): void {
  writeFileSync(fileOf(testbed, 'conf'), configurationOf(validSeconds))
}

function startRouter(testbed: Testbed): ChildProcess {
  configure(testbed, { validSeconds: 86_400 })
  const files = ['--config', fileOf(testbed, 'conf'), '--pidfile', fileOf(testbed, 'pid')]
  const words = ['--nodaemon', ...files]
  // `ip netns exec` replaces itself: the process is radvd's own.
  return spawn('ip', ['netns', 'exec', testbed.cloud, 'radvd', ...words], { stdio: 'ignore' })
}
