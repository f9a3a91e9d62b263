import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { GvisorSandbox } from '../support/gvisor/runsc.js'
import { fetchPage, WEB_SERVER } from '../support/gvisor/web-page.js'
import { runSync } from '../support/run-sync.js'
import { Testbed } from '../support/testbed.js'

const SCRIPT = fileURLToPath(new URL('../support/gvisor/tutorial.sh', import.meta.url))

describe.each(ARTEFACTS)("gVisor's CNI tutorial with $artefact", ({ path }) => {
  it('has a web server that answers by the bridge and by the device of the host', async () => {
    using testbed = new Testbed()
    const { host, cloud, sandboxPath, stateDirectory } = testbed
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    testbed.onHost('address add 2001:db8::5/64 dev eth1 nodad')
    // Beside the bridge's, runsc would refuse it.
    testbed.onHost('route add default via 198.51.100.1 metric 5')
    const words = ['sh', SCRIPT, sandboxPath, stateDirectory, path]
    const { stdout } = runSync('ip', ['netns', 'exec', host, ...words])
    const address = /"address": "(10\.22\.\d+\.\d+)\/16"/.exec(stdout)?.[1] ?? 'none'
    await using _sandbox = GvisorSandbox.start(testbed, WEB_SERVER)
    const starting = { timeout: 15_000, interval: 100 }
    await expect.poll(() => fetchPage(testbed, host, address), starting).toBe('hello')
    expect(fetchPage(testbed, cloud, '198.51.100.5')).toBe('hello')
    expect(fetchPage(testbed, cloud, '2001:db8::5')).toBe('hello')
  })
})
