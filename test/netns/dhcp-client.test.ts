import { existsSync, writeFileSync } from 'node:fs'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { callPlugin, runCommandLine } from '../support/plugin.js'
import { Testbed } from '../support/testbed.js'

const run = (namespace: string, words: string[]) =>
  execa('ip', ['netns', 'exec', namespace, ...words], { reject: false })

/** What dhclient-script does with a lease: a lifetime for the address, none for the route. */
const SCRIPT = `#!/bin/sh
[ "$1" = bound ] || exit 0
ip address add $ip/$mask broadcast + valid_lft $lease preferred_lft $lease dev $interface
ip route add default via $router dev $interface
`

/** The same on Google Cloud, whose leases are of /32. */
const SCRIPT_OF_GOOGLE = `#!/bin/sh
[ "$1" = bound ] || exit 0
ip address add $ip/32 valid_lft $lease preferred_lft $lease dev $interface
ip route add $router dev $interface scope link
ip route add default via $router dev $interface
`

/** A NIC that a DHCP client has set up: busybox's, with dnsmasq as the server in the cloud. */
describe.each(ARTEFACTS)('$artefact lends a NIC with a lease', ({ path }) => {
  let testbed: Testbed
  let server: ReturnType<typeof run>

  const add = (configuration: object = {}) => {
    const outcome = callPlugin(testbed, path, 'ADD', { configuration: { ...configuration } })
    expect(outcome.exitCode, outcome.stdout).toBe(0)
    return outcome
  }
  const ping = () => testbed.podReaches('203.0.113.1')

  beforeEach(async () => {
    testbed = new Testbed()
    testbed.inCloud('address add 203.0.113.1/32 dev lo')
    const leases = `${testbed.stateDirectory}/leases`
    server = run(testbed.cloud, [
      ...['dnsmasq', '--no-daemon', '--conf-file=/dev/null', '--user=root', '--port=0'],
      ...['--interface=eth1', '--bind-interfaces', '--dhcp-range=198.51.100.50,198.51.100.50,1h'],
      ...['--pid-file=', `--dhcp-leasefile=${leases}`],
    ])
    await vi.waitUntil(() => existsSync(leases), { timeout: 20_000 })
  })
  afterEach(async () => {
    server.kill()
    await server
    testbed[Symbol.dispose]()
  })

  async function getLease(script = SCRIPT): Promise<void> {
    const file = `${testbed.stateDirectory}/script`
    writeFileSync(file, script, { mode: 0o755 })
    const client = ['busybox', 'udhcpc', '-i', 'eth1', '-s', file, '-n', '-q', '-t', '10']
    const { exitCode, stderr } = await run(testbed.host, client)
    expect(exitCode, stderr).toBe(0)
    expect(testbed.onHost('route')).toContain('default via 198.51.100.1')
  }

  it.each([
    ['dhclient', SCRIPT, '198.51.100.50/24'],
    ['Google Cloud', SCRIPT_OF_GOOGLE, '198.51.100.50/32'],
  ])('as %s leaves it: without the lease and its routes, and says so', async (_, script, lease) => {
    await getLease(script)
    const before = testbed.hostState()
    const remark = new RegExp(
      `the lease of ${lease} stays behind, and with it the route default via 198.51.100.1 dev eth1` +
        '( and 1 more)?; eth1 goes without an IPv4 address of its own. ' +
        '"dynamicAddresses": "ipv4" carries a lease as a permanent address',
    )
    const { stdout } = runCommandLine(testbed, path, ['explain', 'eth1'])
    const said = stdout.replaceAll(/\s+/g, ' ')
    expect(said).toMatch(
      /left behind default via 198\.51\.100\.1 dev eth1 possible only with an address that stays/,
    )
    expect(said).toMatch(remark)
    const { stderr, document } = add()
    expect(stderr).toMatch(remark)
    expect(document.routes ?? []).toEqual([])
    expect(testbed.inPod('-4 address show dev net1')).toBe('')
    expect(testbed.inPod('-4 route show table all dev net1')).toBe('')
    callPlugin(testbed, path, 'DEL', { configuration: { restoreOnDelete: true } })
    expect(testbed.hostState()).toBe(before)
  })

  it.each([
    ['dhclient', SCRIPT],
    ['Google Cloud', SCRIPT_OF_GOOGLE],
  ])('as %s leaves it, with it if that is asked for', async (_, script) => {
    await getLease(script)
    const { stderr } = add({ dynamicAddresses: 'ipv4' })
    expect(stderr).toContain('is carried as a permanent address')
    expect(testbed.inPod('route')).toContain('default via 198.51.100.1 dev net1')
    expect(ping()).toBe(true)
  })

  it('with it for the time that it has left, if that is asked for', async () => {
    await getLease()
    const dynamicAddresses = { carry: 'ipv4', lifetime: 'remaining' }
    const { stderr, document } = add({ dynamicAddresses })
    expect(stderr).toMatch(
      /the lease of 198\.51\.100\.50\/24 ends in the sandbox when it would have on the host, after 3[56]\d\d seconds: the kernel then removes the address/,
    )
    const [{ addr_info }] = JSON.parse(testbed.inPod('-json -4 address show dev net1'))
    expect(addr_info[0]).toMatchObject({ local: '198.51.100.50', dynamic: true })
    expect(addr_info[0].valid_life_time).toBeGreaterThan(3400)
    expect(addr_info[0].valid_life_time).toBeLessThanOrEqual(3600)
    expect(ping()).toBe(true)
    const check = { configuration: { dynamicAddresses, prevResult: document } }
    expect(callPlugin(testbed, path, 'CHECK', check)).toMatchObject({ exitCode: 0, stdout: '' })
  })

  it('and without it as soon as its time is over, which CHECK says', async () => {
    testbed.onHost('address add 198.51.100.60/24 dev eth1 valid_lft 15 preferred_lft 15')
    const dynamicAddresses = { carry: 'ipv4', lifetime: 'remaining' }
    const { document } = add({ dynamicAddresses })
    expect(document.ips).toMatchObject([{ address: '198.51.100.60/24' }])
    await expect.poll(() => testbed.inPod('-4 address show dev net1'), { timeout: 30_000 }).toBe('')
    const check = { configuration: { dynamicAddresses, prevResult: document } }
    expect(callPlugin(testbed, path, 'CHECK', check).document).toMatchObject({
      code: 105,
      msg: expect.stringContaining('address 198.51.100.60/24 is missing'),
    })
  })

  it('and leaves only what needs it, where there are other addresses', async () => {
    testbed.onHost('address add 192.0.2.5/24 dev eth1')
    testbed.inCloud('address add 192.0.2.1/24 dev eth1')
    await getLease()
    testbed.onHost('route add 203.0.113.0/24 via 192.0.2.1')
    const { stderr } = add()
    expect(stderr).toContain(
      'the lease of 198.51.100.50/24 stays behind, and with it the route default via 198.51.100.1 dev eth1. "dynamicAddresses": "ipv4" carries a lease',
    )
    expect(testbed.inPod('route')).not.toContain('default')
    expect(ping()).toBe(true)
  })

  it('beside an address from IPAM', async () => {
    await getLease()
    const ipam = {
      type: 'static',
      addresses: [{ address: '198.51.100.7/24', gateway: '198.51.100.1' }],
    }
    callPlugin(testbed, path, 'ADD', {
      configuration: { cniVersion: '1.0.0', ipam: { ...ipam, routes: [{ dst: '0.0.0.0/0' }] } },
      variables: { CNI_PATH: '/usr/lib/cni' },
    })
    expect(testbed.inPod('route')).toContain('default via 198.51.100.1 dev net1')
    expect(ping()).toBe(true)
  })
})
