import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { type AttackerProgram, Attackers, compileAttacker } from '../support/attacker.js'
import { GvisorTestbed } from '../support/gvisor/gvisor-testbed.js'
import { type KeeperProcess, keepersOf } from '../support/gvisor/keepers.js'
import { runSync } from '../support/run-sync.js'

const CAP_NET_ADMIN = 1n << 12n
/** CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH. */
const TO_LOOK = (1n << 19n) | (1n << 2n)

/** What the keeper may take after its deadline: see GRACE_SECONDS in keeper.c. */
const GRACE_MILLISECONDS = 15_000

describe.each(ARTEFACTS)('the keeper of $artefact, beside a hostile pod', ({ path }) => {
  let gvisor: GvisorTestbed
  let attackers: Attackers
  let forger: AttackerProgram
  let flooder: AttackerProgram
  const keepers = () => keepersOf(gvisor.containerId)
  const add = async (timeoutSeconds = 60, sandbox = gvisor.testbed.sandboxPath) => {
    const { prevResult } = gvisor
    const interfaces = prevResult.interfaces.map((one) => ({ ...one, sandbox }))
    const configuration = { gvisor: { timeoutSeconds }, prevResult: { ...prevResult, interfaces } }
    const outcome = gvisor.call('ADD', configuration, { variables: { CNI_NETNS: sandbox } })
    expect(outcome.exitCode, outcome.stdout).toBe(0)
    await expect.poll(keepers).toHaveLength(1)
    return keepers()[0] as KeeperProcess
  }
  const status = (pid: number, field: string) =>
    readFileSync(`/proc/${pid}/status`, 'utf8').match(new RegExp(`^${field}:\\s*(\\S+)`, 'm'))?.[1]
  const capabilities = (pid: number, which: string) => BigInt(`0x${status(pid, which)}`)
  const index = () => String(JSON.parse(gvisor.testbed.inPod('-json link show net1'))[0].ifindex)
  const isConfined = (pid: number) => expect.poll(() => status(pid, 'Seccomp')).toBe('2')

  beforeAll(() => {
    forger = compileAttacker('forger')
    flooder = compileAttacker('flooder')
  })
  afterAll(() => {
    forger.remove()
    flooder.remove()
  })
  beforeEach(() => {
    gvisor = GvisorTestbed.withMacvlan(path)
    attackers = new Attackers(gvisor.testbed.pod)
  })
  afterEach(async () => {
    await attackers[Symbol.asyncDispose]()
    gvisor[Symbol.dispose]()
  })

  it('has CAP_NET_ADMIN only, can gain nothing, and makes few system calls', async () => {
    const { pid } = await add()
    await isConfined(pid)
    for (const which of ['CapEff', 'CapPrm'])
      expect(capabilities(pid, which), which).toBe(CAP_NET_ADMIN)
    expect(capabilities(pid, 'CapInh')).toBe(0n)
    expect(status(pid, 'NoNewPrivs')).toBe('1')
    expect(readFileSync(`/proc/${pid}/limits`, 'utf8')).toMatch(/Max open files +16 +16/)
  })

  it('may look at a sandbox path in /proc, and put addresses back there', async () => {
    await attackers.start(['sh', '-c', 'echo ready; exec sleep 60'])
    const found = runSync('ip', ['netns', 'pids', gvisor.testbed.pod]).stdout.split('\n')[0]
    const { pid } = await add(60, `/proc/${found}/ns/net`)
    await isConfined(pid)
    expect(capabilities(pid, 'CapEff') & ~(CAP_NET_ADMIN | TO_LOOK)).toBe(0n)
    gvisor.strip()
    await expect.poll(() => gvisor.addresses()).toContain('2001:db8::5/128')
  })

  it('works on after it was stopped and continued', async () => {
    const { pid } = await add()
    await isConfined(pid)
    process.kill(pid, 'SIGSTOP')
    await pause(200)
    process.kill(pid, 'SIGCONT')
    await pause(700)
    gvisor.strip()
    await expect.poll(() => gvisor.addresses()).toContain('2001:db8::5/128')
  })

  it('hears nothing of what the pod sends it', async () => {
    await add()
    await attackers.start([forger.program, index(), 'net1'])
    // Forged: net1 was deleted. The keeper would take its sandbox for gone.
    await pause(2000)
    expect(keepers()).toHaveLength(1)
    // The `ip` of the test would hear it, too.
    await attackers[Symbol.asyncDispose]()
    gvisor.strip()
    await expect.poll(() => gvisor.addresses()).toContain('2001:db8::5/128')
  })

  it('ends soon after its deadline, however many changes the pod makes', async () => {
    const { pid } = await add(2)
    const end = Date.now() + 2000 + GRACE_MILLISECONDS
    for (const number of ['1', '2']) await attackers.start([flooder.program, index(), number])
    while (keepers().some((one) => one.pid === pid) && Date.now() < end + 2000) await pause(100)
    expect(Date.now()).toBeLessThan(end)
    expect(keepers()).toEqual([])
  })
})
