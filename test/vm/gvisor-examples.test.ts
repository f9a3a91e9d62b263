import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { COMPILED } from '../support/artefacts.js'
import { batch } from '../support/batch.js'
import { Chain, searchPathFor } from '../support/chain.js'
import { EXAMPLES, exampleFor } from '../support/examples.js'
import { hooksToCopy } from '../support/gvisor/bundle.js'
import { GvisorSandbox } from '../support/gvisor/runsc.js'
import { askFor, fetchPages, startWebServer, WEB_SERVER } from '../support/gvisor/web-page.js'
import { runSync } from '../support/run-sync.js'
import { Testbed } from '../support/testbed.js'

// Needs a kernel with ipvlan, and the Debian packages runsc, containernetworking-plugins and busybox-static.

const STARTING = { timeout: 60_000, interval: 200 }
const ASK = ['198.51.100.1', '2001:db8::1'].map(askFor).join('; ')

describe('what cni-conf/gvisor has to copy', () => {
  let testbed: Testbed
  let server: AsyncDisposable

  // Else the examples have macvlan in its place.
  beforeAll(() => {
    runSync('modprobe', ['ipvlan'])
  })
  beforeEach(() => {
    testbed = new Testbed()
    server = startWebServer(testbed, testbed.cloud)
    const { host, cloud } = testbed
    batch(
      host,
      'address add 198.51.100.250/24 dev eth1',
      'address add 2001:db8::fa/64 dev eth1 nodad',
    )
    // For pods in a network of their own, behind the host.
    batch(
      cloud,
      'route add 203.0.113.0/24 via 198.51.100.250',
      'route add 2001:db8:9::/64 via 2001:db8::fa',
    )
    testbed.run(host, 'sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1')
  })
  afterEach(async () => {
    await server[Symbol.asyncDispose]()
    testbed[Symbol.dispose]()
  })

  const lists = EXAMPLES.filter((file) => file.startsWith('gvisor/'))

  it.each(lists)('%s: the pod reaches others and is reached', async (file) => {
    const list = exampleFor(testbed, COMPILED, file)
    const chain = new Chain(testbed, list, searchPathFor(testbed, COMPILED))
    const { ips } = chain.add() as { ips: { address: string }[] }
    const addresses = ips.map(({ address }) => address.split('/')[0] ?? '')
    expect(addresses).toHaveLength(2)
    const hooks = file.includes('hook') ? hooksToCopy(COMPILED, testbed.stateDirectory) : {}
    await using sandbox = GvisorSandbox.start(testbed, `${ASK}; ${WEB_SERVER}`, hooks)
    expect(await sandbox.ready()).toBe('hellohello')
    await expect
      .poll(() => fetchPages(testbed, testbed.cloud, addresses), STARTING)
      .toEqual(['hello', 'hello'])
    chain.delete()
    expect(testbed.onHost('-brief -4 address show dev eth1')).toContain('198.51.100.250/24')
  })
})
