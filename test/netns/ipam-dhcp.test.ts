import { existsSync } from 'node:fs'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { callPlugin } from '../support/plugin.js'
import { Testbed } from '../support/testbed.js'

const run = (namespace: string, words: string[]) =>
  execa('ip', ['netns', 'exec', namespace, ...words], { reject: false })

/** The real `dhcp` IPAM plugin with its daemon on the host, and dnsmasq as the server in the cloud. */
describe.each(ARTEFACTS)('DHCP: $artefact', ({ path }) => {
  let testbed: Testbed
  let services: ReturnType<typeof run>[]

  const call = (command: string, configuration: object = {}) =>
    callPlugin(testbed, path, command, {
      configuration: {
        cniVersion: '1.0.0',
        ipam: { type: 'dhcp', daemonSocketPath: socket() },
        ...configuration,
      },
      variables: { CNI_PATH: '/usr/lib/cni' },
    })
  const socket = () => `${testbed.stateDirectory}/dhcp.sock`
  const start = (namespace: string, ...words: string[]) => services.push(run(namespace, words))

  beforeEach(async () => {
    testbed = new Testbed()
    services = []
    testbed.inCloud('address add 10.10.0.254/24 dev eth1')
    start(testbed.host, '/usr/lib/cni/dhcp', 'daemon', '-socketpath', socket())
    start(
      testbed.cloud,
      ...['dnsmasq', '--no-daemon', '--conf-file=/dev/null', '--user=root', '--port=0'],
      ...['--interface=eth1', '--bind-interfaces', '--dhcp-range=10.10.0.50,10.10.0.59,1h'],
      ...['--pid-file=', `--dhcp-leasefile=${testbed.stateDirectory}/leases`],
    )
    const areThere = () => existsSync(socket()) && existsSync(`${testbed.stateDirectory}/leases`)
    await vi.waitUntil(areThere, { timeout: 20_000 })
  })
  afterEach(async () => {
    for (const service of services) service.kill()
    await Promise.all(services)
    testbed[Symbol.dispose]()
  })

  it('gets a lease beside the host state, keeps it, and gives it up', () => {
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    const { exitCode, document } = call('ADD')
    expect(exitCode).toBe(0)
    expect(document.ips).toEqual([
      expect.objectContaining({ address: expect.stringMatching(/^10\.10\.0\.5\d\/24$/) }),
      { address: '198.51.100.5/24', interface: 0 },
    ])
    expect(testbed.inPod('-4 address show dev net1')).toContain('inet 10.10.0.5')
    expect(testbed.podReaches('10.10.0.254')).toBe(true)
    expect(testbed.podReaches('198.51.100.1')).toBe(true)
    expect(call('CHECK', { prevResult: document })).toMatchObject({ exitCode: 0, stdout: '' })
    expect(call('DEL')).toMatchObject({ exitCode: 0, stdout: '' })
    testbed.settle()
    expect(testbed.onHost('link show eth1')).toContain('state UP')
  })

  it('gets a lease in place of the host state', () => {
    const { document } = call('ADD', { useInterfaceNetwork: false })
    expect(document.ips).toHaveLength(1)
    expect(testbed.inPod('route')).toContain('default via 10.10.0.254 dev net1')
    expect(call('DEL').exitCode).toBe(0)
  })

  it('has the device home where no server answers in time', async () => {
    const before = testbed.hostState()
    services[1]?.kill()
    await services[1]
    const { document } = call('ADD', { timeoutSeconds: 2 })
    expect(document).toMatchObject({
      code: 106,
      msg: expect.stringMatching(
        /^IPAM plugin "dhcp" \(ADD\) failed: it had not answered after [12](\.\d)? s and was ended$/,
      ),
    })
    expect(testbed.hostState()).toBe(before)
  })
})
