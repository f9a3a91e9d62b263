import { readFileSync } from 'node:fs'
import { release } from 'node:os'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { BOTH_ARTEFACTS, COMPILED } from '../support/artefacts.js'
import { type Chain, chainErrorOf } from '../support/chain.js'
import { keepersOf } from '../support/gvisor/keepers.js'
import { configurationOf, runInRunc } from '../support/gvisor/runc.js'
import { GvisorSandbox } from '../support/gvisor/runsc.js'
import { askFor, fetchPages, startWebServer, WEB_SERVER } from '../support/gvisor/web-page.js'
import { runSync } from '../support/run-sync.js'
import { Testbed } from '../support/testbed.js'
import { callAsLast, gvisorChain, L2, L3, routeToL3 } from '../support/vm/gvisor-chain.js'
import { withoutModules } from '../support/vm/without-modules.js'

// Needs a kernel with ipvlan, and the Debian packages runc, runsc, containernetworking-plugins and
// busybox-static.

const STARTING = { timeout: 60_000, interval: 200 }

/** That of Linux 6.1 does not. */
const DRIVER_KNOWS_PROTOCOLS = !release().startsWith('6.1.')

/** Asks others, both families. */
const ASK = ['198.51.100.1', '2001:db8::1'].map(askFor).join('; ')
const ASK_AND_ANSWER = `${ASK}; ${WEB_SERVER}`

describe.each(BOTH_ARTEFACTS)('ipvlan and gVisor, with $artefact', ({ path }) => {
  // For what has little to do with the artefact.
  const isFirst = path === BOTH_ARTEFACTS[0]?.path
  let testbed: Testbed
  let server: AsyncDisposable
  let chain: Chain
  const add = (mode: string, ours: object[]) => {
    chain = gvisorChain(testbed, path, mode, ours)
    return chain.add()
  }

  /** What the addresses answer, once they do. */
  const poll = (addresses: string[]) =>
    expect.poll(() => fetchPages(testbed, testbed.cloud, addresses), STARTING)

  // One for all tests: emulated, it takes as long as one of them.
  beforeAll(() => {
    testbed = new Testbed()
    server = startWebServer(testbed, testbed.cloud)
    // Else the stock plugin waits for two seconds at each of many starts.
    if (!isFirst) testbed.run(testbed.pod, 'sysctl -q -w net.ipv6.conf.default.accept_dad=0')
  })
  afterEach(() => chain.delete())
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
    testbed[Symbol.dispose]()
  })

  describe('in mode l2', () => {
    if (isFirst)
      it('is deaf without us', async () => {
        add('l2', [])
        await using sandbox = GvisorSandbox.start(testbed, ASK_AND_ANSWER)
        expect((await sandbox.ready()).match(/No route to host/g)).toHaveLength(2)
        expect(fetchPages(testbed, testbed.cloud, L2.hosts)).toEqual(['', '', '', ''])
      })

    const starts = path === COMPILED ? 10 : 1
    it(
      `reaches others and is reached with us in the chain, ${starts} of ${starts} starts`,
      async () => {
        for (let start = 0; start < starts; start++) {
          if (start > 0) chain.delete()
          expect(add('l2', [{ gvisor: true }]).ips).toHaveLength(4)
          {
            await using sandbox = GvisorSandbox.start(testbed, ASK_AND_ANSWER)
            expect(await sandbox.ready()).toBe('hellohello')
            await poll(L2.hosts).toEqual(['hello', 'hello', 'hello', 'hello'])
          }
        }
      },
      starts * 60_000,
    )
  })

  if (isFirst)
    it('is left as it is by the keeper, with runc in place of runsc', async () => {
      add('l2', [{ gvisor: { timeoutSeconds: 6 } }])
      await expect.poll(() => keepersOf('container-1')).toHaveLength(1)
      const before = configurationOf(testbed)
      expect(await runInRunc(testbed, ASK)).toBe('hellohello')
      await expect.poll(() => keepersOf('container-1'), STARTING).toEqual([])
      expect(configurationOf(testbed)).toBe(before)
    })

  describe('in mode l3', () => {
    beforeAll(() => routeToL3(testbed))

    // While the kernel has none of the modules yet.
    if (isFirst)
      it('is as the driver is, where the kernel has no filters', async () => {
        runSync('modprobe', ['ipvlan'])
        using _nothing = withoutModules(['act_vlan', 'cls_matchall', 'sch_ingress'])
        const logFile = `${testbed.stateDirectory}/log`
        add('l3', [{ gvisor: true, logFile }])
        expect(readFileSync(logFile, 'utf8')).toContain(
          'which the kernel cannot prevent here: No such file or directory (ENOENT)',
        )
        await using sandbox = GvisorSandbox.start(testbed, WEB_SERVER)
        await sandbox.ready()
        const answer = DRIVER_KNOWS_PROTOCOLS ? 'hello' : ''
        await poll(L3.hosts).toEqual([answer, answer])
        const { tx } = JSON.parse(testbed.inPod('-json -s link show dev eth0'))[0].stats64
        expect(tx.packets > 0).toBe(DRIVER_KNOWS_PROTOCOLS)
      })

    it('reaches others and is reached', async () => {
      const result = add('l3', [{ gvisor: true }])
      const neighbors = testbed.inPod('neighbour show dev eth0 nud permanent')
      expect(neighbors).toContain('10.9.0.1 lladdr')
      expect(neighbors).toContain('2001:db8:9::1 lladdr')
      await using sandbox = GvisorSandbox.start(testbed, ASK_AND_ANSWER)
      expect(await sandbox.ready()).toBe('hellohello')
      await poll(L3.hosts).toEqual(['hello', 'hello'])
      const check = () => callAsLast(testbed, path, 'CHECK', result)
      expect(check()).toMatchObject({ exitCode: 0, stdout: '' })
      testbed.run(testbed.pod, 'tc qdisc delete dev eth0 clsact')
      expect(check().document.msg).toContain('the filter is gone by which its driver knows')
    })
  })

  it('is refused in mode l3s, with the reason', () => {
    const error = chainErrorOf(() => add('l3s', [{ gvisor: true }]))
    expect(error.document).toMatchObject({
      code: 104,
      msg: expect.stringContaining('eth0 is an ipvlan device in mode l3s, which gVisor cannot use'),
    })
  })
})
