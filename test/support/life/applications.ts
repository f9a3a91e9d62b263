import { expect } from 'vitest'
import { expectSame, expectSoonSame } from '../same.js'
import type { DeviceState, Rule } from '../snapshot.js'
import { expectUnchanged, isAwayOrAstray } from './adds.js'
import type { Attachment, Life } from './life.js'
import { recordName, rulesBeyond } from './loan.js'
import type { Pod } from './pod.js'
import { expectRules } from './releases.js'
import type { Keys, StepOf } from './steps.js'
import type { Nic, Snapshots } from './world.js'

/** What `apply` gave to an interface that another plugin made. */
export interface Application {
  nic: Nic
  pod: Pod
  interfaceName: string
  result: unknown
  /** The interface as that plugin left it. */
  before: DeviceState
  rules: Rule[]
}

/** Another plugin makes an interface, and ADD gives it the state of a device, which stays. */
export async function apply(life: Life, step: StepOf<'apply'>): Promise<void> {
  const { world } = life
  const pod = world.pod(step.pod)
  const nic = world.nics[step.nic] as Nic
  const attachment = { pod, interfaceName: `app${step.name + 1}`, device: nic.name }
  const isThere = life.applications.some((one) => recordName(one) === recordName(attachment))
  if (isThere || !pod.isNamed || life.takenNames.has(nic.name)) return
  const reported = makeInterface(life, attachment)
  const before = await life.look()
  const keys = { ...step.keys, prevResult: reported }
  const { exitCode, stdout, document } = await life.call('ADD', attachment, { keys })
  const when = `ADD that applies: ${stdout}`
  if (exitCode !== 0) {
    const isTwice = life.applications.some((one) => one.nic === nic && one.pod === pod)
    expect(isTwice || isAwayOrAstray(life, nic, before), when).toBe(true)
    await expectUnchanged(life, before, when)
    pod.ip(`link delete ${attachment.interfaceName}`)
    await life.look()
    return
  }
  await expectApplied(life, attachment, nic, before, document, step.keys)
}

/** @returns what the plugin that made it prints */
function makeInterface({ world }: Life, { pod, interfaceName }: Attachment): object {
  const number = world.nextNumber()
  const mac = `02:00:00:00:05:${number}`
  const made =
    pod.ip(`link add name ${interfaceName} address ${mac} numtxqueues ${number} type ifb`) &&
    pod.ip(`link set ${interfaceName} up`)
  expect(made, `${interfaceName} in ${pod.containerId}`).toBe(true)
  return {
    cniVersion: '1.1.0',
    interfaces: [{ name: interfaceName, mac, sandbox: pod.sandboxPath }],
  }
}

async function expectApplied(
  life: Life,
  attachment: Attachment,
  nic: Nic,
  before: Snapshots,
  result: unknown,
  keys: Keys,
): Promise<void> {
  const { world } = life
  const { pod, interfaceName } = attachment
  const when = 'after ADD that applies'
  const after = await life.look()
  expectSame(after.host, before.host, `${when}: the host`)
  life.expectOthersUnchanged(before, when)
  const of = (snapshots: Snapshots) => interfaceIn(snapshots, attachment)
  const [made, given] = [of(before), of(after)]
  if (!made || !given) throw new Error(`${when}: ${interfaceName} is not there`)
  if (keys.useInterfaceNetwork !== false) {
    const permanent = (world.find(nic, before)?.addresses ?? []).filter(
      ({ valid, scope }) => valid !== 'a while' && scope !== 'link',
    )
    const locals = given.addresses.map(({ local }) => local)
    expect(locals, when).toEqual(expect.arrayContaining(permanent.map(({ local }) => local)))
  }
  const rules = rulesBeyond(
    after[pod.containerId]?.rules ?? [],
    before[pod.containerId]?.rules ?? [],
  )
  const others = rulesBeyond(rules, life.rulesOfHost(nic, interfaceName))
  expectSame(others, [], `${when}: rules that are not the host's`)
  life.applications.push({ nic, pod, interfaceName, result, before: made, rules })
  const checked = await life.call('CHECK', attachment, { keys: { ...keys, prevResult: result } })
  expect(checked.exitCode, `CHECK ${when}: ${checked.stdout}`).toBe(0)
}

function interfaceIn(
  snapshots: Snapshots,
  { pod, interfaceName }: Pick<Attachment, 'pod' | 'interfaceName'>,
): DeviceState | undefined {
  const { devices = [] } = snapshots[pod.containerId] ?? {}
  return devices.find(({ link }) => link.ifname === interfaceName)
}

/** DEL takes off what was applied, and then the other plugin takes its interface. */
export async function endApplication(life: Life, step: StepOf<'end apply'>): Promise<void> {
  const { applications } = life
  const application = applications[step.application % applications.length]
  if (!application) return
  const before = life.now
  const attachment = { ...application, device: application.nic.name }
  const { exitCode, stdout } = await life.call('DEL', attachment, {
    keys: step.keys,
    ...(step.withoutPath ? { netns: '' } : {}),
  })
  expect(exitCode, `DEL of what was applied: ${stdout}`).toBe(0)
  await expectTakenOff(life, [application], 'DEL')
  expectRules(life, [application], before, life.now, 'DEL of what was applied')
  await removeInterfaces(life, [application])
}

/** What was applied is taken off again, where the sandbox can still be reached. */
export async function expectTakenOff(
  life: Life,
  ended: Application[],
  when: string,
): Promise<void> {
  for (const application of ended) {
    const { pod, interfaceName, before } = application
    expect([...life.records().keys()], when).not.toContain(recordName(application))
    if (!pod.isNamed) continue
    const look = async () => interfaceIn(await life.look(), application)
    await expectSoonSame(look, before, `${when}: ${interfaceName} in ${pod.containerId}`)
  }
  life.applications = life.applications.filter((one) => !ended.includes(one))
}

/** What the plugins do that made the interfaces. */
export async function removeInterfaces(life: Life, ended: Application[]): Promise<void> {
  for (const { pod, interfaceName } of ended)
    if (pod.isAlive) pod.ip(`link delete ${interfaceName}`)
  await life.look()
}
