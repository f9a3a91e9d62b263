import { expect } from 'vitest'
import { expectSame, expectSoonSame } from '../same.js'
import { expectNoLease, keysFor } from './assignment.js'
import type { Attachment, Life } from './life.js'
import { recordName, rulesBeyond } from './loan.js'
import type { Keys, StepOf } from './steps.js'
import type { Nic, Snapshots } from './world.js'

/** How an ADD has to end, as far as that is certain. */
type Expected = 'done' | 'refused' | 'done or unchanged' | 'either'

/** An ADD, and CHECK right after it. */
export async function add(
  life: Life,
  { pod: n, nic: m, name, ipam, keys }: StepOf<'ADD'>,
): Promise<void> {
  const { world } = life
  const pod = world.pod(n)
  const nic = world.nics[m] as Nic
  const attachment = { pod, interfaceName: `net${name + 1}`, device: nic.name }
  // What has its name is to be lent then.
  if (life.takenNames.has(nic.name)) return
  const before = life.now
  const isOtherwise = expectedOfAdd(life, attachment, nic, before)
  const expected = isOtherwise === 'done' && ipam === 'refuses' ? 'refused' : isOtherwise
  const own = keysFor(life, ipam, nic.number)
  const outcome = await life.call('ADD', attachment, { keys: { ...keys, ...own } })
  const when = `ADD, which is to be ${expected}: ${outcome.stdout}`
  if (outcome.exitCode !== 0) {
    expect(expected, when).not.toBe('done')
    if (expected === 'either') await forgetReleased(life, when)
    else await expectUnchanged(life, before, when)
    if (!life.loans.some((loan) => recordName(loan) === recordName(attachment)))
      expectNoLease(life, attachment, own, when)
    return
  }
  expect(expected, when).not.toBe('refused')
  if (expected === 'either') await forgetReleased(life, when)
  await expectLent(life, attachment, nic, before, outcome.document, keys, own)
}

/** An ADD and a CHECK of what was lent. */
async function expectLent(
  life: Life,
  attachment: Attachment,
  nic: Nic,
  before: Snapshots,
  result: unknown,
  keys: Keys,
  own: Keys,
): Promise<void> {
  const { world } = life
  const { pod, interfaceName } = attachment
  const after = await life.look()
  const when = 'after ADD'
  const there = world.find(nic, after)
  const home = world.find(nic, before)
  if (!home) throw new Error(`${when}: ${nic.name} had been nowhere`)
  expect(there?.place, when).toBe(pod)
  expect(there?.link, when).toMatchObject({
    ifname: interfaceName,
    address: nic.plan.mac,
    flags: expect.arrayContaining(['UP']),
  })
  expect(life.records().get(recordName(attachment)), when).toBe(nic.name)
  life.expectOthersUnchanged(before, when)
  const rules = rulesBeyond(
    after[pod.containerId]?.rules ?? [],
    before[pod.containerId]?.rules ?? [],
  )
  const others = rulesBeyond(rules, life.rulesOfHost(nic, interfaceName))
  expectSame(others, [], `${when}: rules that are not the host's`)
  if (keys.useInterfaceNetwork !== false) {
    const permanent = home.addresses.filter(
      ({ valid, scope }) => valid !== 'a while' && scope !== 'link',
    )
    const locals = there?.addresses.map(({ local }) => local)
    expect(locals, when).toEqual(expect.arrayContaining(permanent.map(({ local }) => local)))
  }
  life.loans.push({
    ...{ nic, pod, interfaceName, result, keys: own, before: home, rules },
    wasStray: home.link.ifname !== nic.name,
    isAsLeft: 'yes',
    isRecordLost: false,
  })
  const all = { ...keys, ...own, prevResult: result }
  const checked = await life.call('CHECK', attachment, { keys: all })
  expect(checked.exitCode, `CHECK after ADD: ${checked.stdout}`).toBe(0)
}

/** Whether a device is not on the host under its name. */
export function isAwayOrAstray({ world }: Life, nic: Nic, snapshots: Snapshots): boolean {
  const where = world.find(nic, snapshots)
  return where?.place !== world.host || where.link.ifname !== nic.name
}

/** What an ADD has to do, by what there is. */
function expectedOfAdd(life: Life, attachment: Attachment, nic: Nic, before: Snapshots): Expected {
  const { world, loans } = life
  const { pod, interfaceName } = attachment
  const where = world.find(nic, before)
  if (!pod.isNamed || !where || nic.plan.kind === 'bridge') return 'refused'
  // A device that came back to the host by itself is still recorded: ADD may bring it in order.
  const isStray = ({ nic }: { nic: Nic }) => world.find(nic, before)?.place === world.host
  if (loans.some((loan) => loan.nic.name === nic.name && isStray(loan))) return 'either'
  const sameAttachment = loans.filter((loan) => recordName(loan) === recordName(attachment))
  if (sameAttachment.some(({ isRecordLost }) => !isRecordLost))
    return sameAttachment.some((loan) => isStray(loan) || loan.nic.isDestroyed)
      ? 'either'
      : 'refused'
  if (where.place !== world.host) return 'refused'
  // Another device of that name is recorded, which is no more.
  if (loans.some((loan) => loan.nic.name === nic.name)) return 'either'
  const taken = (before[pod.containerId]?.devices ?? []).flatMap(({ link }) => [
    link.ifname,
    ...((link.altnames ?? []) as string[]),
  ])
  // The same routes were applied to another interface there.
  if (life.applications.some((one) => one.pod === pod && one.nic.name === nic.name))
    return 'done or unchanged'
  const names = [interfaceName, ...((where.link.altnames ?? []) as string[])]
  return names.some((name) => taken.includes(name)) ? 'refused' : 'done'
}

/** Where ADD brought a device in order that had come back by itself, its loan has ended. */
async function forgetReleased(life: Life, when: string): Promise<void> {
  const records = life.records()
  life.loans = life.loans.filter((loan) => loan.isRecordLost || records.has(recordName(loan)))
  await life.look()
  life.expectNothingLost(when)
}

/** All is as it was: what was lent, too. */
export async function expectUnchanged(life: Life, before: Snapshots, when: string): Promise<void> {
  await expectSoonSame(() => life.look(), before, `${when}: all is as it was`)
}

/** ADD for another container with a sandbox and a name that are lent to, and the DEL after it. */
export async function addOfAnother(
  life: Life,
  { loan: n, keys }: StepOf<'ADD of another container, and its DEL'>,
): Promise<void> {
  const { world } = life
  const known = life.loans.filter(({ isRecordLost, nic }) => !isRecordLost && !nic.isDestroyed)
  const loan = known[n % known.length]
  const before = life.now
  if (!loan || world.find(loan.nic, before)?.place === world.host) return
  const attachment = { ...loan, device: loan.nic.name }
  const added = await life.call('ADD', attachment, { containerId: 'another', keys })
  expect(added.exitCode, added.stdout).not.toBe(0)
  await expectUnchanged(life, before, 'after a refused ADD')
  const deleted = await life.call('DEL', attachment, { containerId: 'another', keys })
  expect(deleted.exitCode, deleted.stdout).toBe(0)
  await expectUnchanged(life, before, 'after the DEL of a refused ADD')
}

/** ADD by a second entry of the same chain, without a name of its own: it would take the record. */
export async function addOfSecond(
  life: Life,
  { loan: n, keys }: StepOf<'ADD of a second device in the chain'>,
): Promise<void> {
  const { world } = life
  const loan = life.loans[n % life.loans.length]
  const other = world.nics.find(({ name }) => name !== loan?.nic.name)
  if (!loan || !other || loan.isRecordLost || loan.nic.isDestroyed) return
  const before = life.now
  const attachment = { ...loan, device: other.name }
  const added = await life.call('ADD', attachment, { keys: { ...keys, prevResult: loan.result } })
  expect(added.exitCode, added.stdout).not.toBe(0)
  await expectUnchanged(life, before, 'after a refused ADD')
  expect(life.records().get(recordName(loan))).toBe(loan.nic.name)
}

/** ADD of a device that there is not, and the DEL after it. */
export async function addOfNothing(
  life: Life,
  { pod: n }: StepOf<'ADD of no device, and its DEL'>,
): Promise<void> {
  const before = life.now
  const attachment = { pod: life.world.pod(n), interfaceName: 'net9', device: 'nowhere' }
  const added = await life.call('ADD', attachment)
  expect(added.exitCode, added.stdout).not.toBe(0)
  await expectUnchanged(life, before, 'after a refused ADD')
  const deleted = await life.call('DEL', attachment)
  expect(deleted.exitCode, deleted.stdout).toBe(0)
  await expectUnchanged(life, before, 'after the DEL of a refused ADD')
}
