import { expect } from 'vitest'
import { expectSame, expectSoonSame } from '../same.js'
import type { Rule } from '../snapshot.js'
import { expectUnchanged } from './adds.js'
import {
  type Application,
  endApplication,
  expectTakenOff,
  removeInterfaces,
} from './applications.js'
import { expectNoLease } from './assignment.js'
import type { Attachment, Life } from './life.js'
import { type Loan, recordName, rulesBeyond } from './loan.js'
import type { Keys, StepOf } from './steps.js'
import type { Nic, Snapshots } from './world.js'

const RESTORE = { restoreOnDelete: true }

/** CHECK at any time. */
export async function check(life: Life, { loan: n, keys }: StepOf<'CHECK'>): Promise<void> {
  const loan = life.loans[n % life.loans.length]
  if (!loan) return
  const before = life.now
  const attachment = { ...loan, device: loan.nic.name }
  const { exitCode, stdout } = await life.call('CHECK', attachment, {
    keys: { ...keys, ...loan.keys, prevResult: loan.result },
  })
  const expected = loan.isRecordLost ? 'no' : loan.isAsLeft
  if (expected !== 'perhaps')
    expect(exitCode === 0 ? 'yes' : 'no', `CHECK: ${stdout}`).toBe(expected)
  await expectUnchanged(life, before, 'after CHECK')
}

/** DEL of what was added, or of what was not. */
export async function del(life: Life, step: StepOf<'DEL'>): Promise<void> {
  const { loan: n, keys, withoutPath } = step
  const loan = life.loans[n % life.loans.length]
  if (loan) await delOf(life, loan, keys, withoutPath)
  else await delOfNothing(life, { pod: life.world.pod(0), interfaceName: 'net1', device: 'nic1' })
}

export async function delAgain(life: Life, { keys }: StepOf<'DEL again'>): Promise<void> {
  const { deleted, loans } = life
  if (!deleted || loans.some((loan) => recordName(loan) === recordName(deleted))) return
  await delOfNothing(life, deleted, keys)
}

async function delOfNothing(life: Life, attachment: Attachment, keys: Keys = {}): Promise<void> {
  const before = life.now
  const { exitCode, stdout } = await life.call('DEL', attachment, { keys })
  expect(exitCode, stdout).toBe(0)
  await expectUnchanged(life, before, 'after DEL of what is not lent')
}

async function delOf(life: Life, loan: Loan, keys: Keys, withoutPath: boolean): Promise<void> {
  const before = life.now
  const attachment = { ...loan, device: loan.nic.name }
  const outcome = await life.call('DEL', attachment, {
    keys: { ...keys, ...loan.keys },
    ...(withoutPath ? { netns: '' } : {}),
  })
  const when = `DEL: ${outcome.exitCode} ${outcome.stdout}`
  if (loan.isRecordLost) await expectForgotten(life, loan, before, when)
  else await expectReleased(life, [loan], before, outcome.exitCode, keys, when)
  if (outcome.exitCode === 0) expectNoLease(life, attachment, loan.keys, when)
  life.deleted = attachment
}

/** GC, with some of the attachments valid. */
export async function gc(life: Life, { valid: bits, isListed, keys }: StepOf<'GC'>): Promise<void> {
  const before = life.now
  const { loans, applications } = life
  const isValid = (_: unknown, n: number) => ((bits >> n) & 1) === 1 || !isListed
  const valid = [...loans.filter(isValid), ...applications.filter(isValid)]
  const stale = loans.filter((loan) => !valid.includes(loan) && !loan.isRecordLost)
  const ended = applications.filter((one) => !valid.includes(one))
  const attachment = { pod: life.world.pod(0), interfaceName: 'net1', device: 'nic1' }
  const list = valid.map(({ pod, interfaceName }) => ({
    containerID: pod.containerId,
    ifname: interfaceName,
  }))
  const outcome = await life.call('GC', attachment, {
    keys: { ...keys, ...(isListed ? { 'cni.dev/valid-attachments': list } : {}) },
  })
  const when = `GC: ${outcome.exitCode} ${outcome.stdout}`
  await expectTakenOff(life, ended, when)
  await expectReleased(life, stale, before, outcome.exitCode, keys, when, ended)
  await removeInterfaces(life, ended)
}

/** What was lent is at home, unless something else on the host has its name. */
async function expectReleased(
  life: Life,
  loans: Loan[],
  before: Snapshots,
  exitCode: number | undefined,
  keys: Keys,
  when: string,
  ended: Application[] = [],
): Promise<void> {
  const { world } = life
  const isBlocked = ({ nic }: Loan) => !nic.isDestroyed && isNameTaken(nic, before)
  const [blocked, released] = [loans.filter(isBlocked), loans.filter((loan) => !isBlocked(loan))]
  if (blocked.length === 0) expect(exitCode, when).toBe(0)
  else expect(exitCode, when).not.toBe(0)
  for (const loan of released) {
    const { nic } = loan
    expect([...life.records().keys()], when).not.toContain(recordName(loan))
    if (!nic.isDestroyed) await expectHome(life, loan, keys.restoreOnDelete === true, when)
  }
  life.loans = life.loans.filter((loan) => !released.includes(loan))
  const after = await life.look()
  for (const { nic } of blocked) {
    const [then, now] = [world.find(nic, before), world.find(nic, after)]
    expectSame([now?.place.path, now?.link], [then?.place.path, then?.link], `${when}: ${nic.name}`)
  }
  life.expectOthersUnchanged(before, when)
  expectRules(life, [...released, ...ended], before, after, when)
  life.expectNothingLost(when)
}

function isNameTaken(nic: Nic, snapshots: Snapshots): boolean {
  return (snapshots.host?.devices ?? []).some(
    ({ link }) =>
      link.num_tx_queues !== nic.number &&
      [link.ifname, ...((link.altnames ?? []) as string[])].includes(nic.name),
  )
}

/** A device is on the host as it was when it was lent. */
async function expectHome(life: Life, loan: Loan, restored: boolean, when: string): Promise<void> {
  const { world } = life
  const { nic, before } = loan
  if (loan.wasStray) {
    const isHome = async () => {
      const where = world.find(nic, await life.look())
      return where?.place === world.host && where.link.ifname === nic.name
    }
    return expectSoonSame(isHome, true, `${when}: ${nic.name}`)
  }
  const look = async () => {
    const where = world.find(nic, await life.look())
    const { addresses, routes, neighbors, link } = where ?? {}
    const isHome = where?.place === world.host
    return { isHome, link, ...(restored ? { addresses, routes, neighbors } : {}) }
  }
  const { addresses, routes, neighbors, link } = before
  const state = restored ? { addresses, routes, neighbors } : {}
  await expectSoonSame(look, { isHome: true, link, ...state }, `${when}: ${nic.name}`)
}

/** The rules that came with a device go with it, unless another one that came needs them, too. */
export function expectRules(
  life: Life,
  released: Pick<Loan, 'pod'>[],
  before: Snapshots,
  after: Snapshots,
  when: string,
): void {
  for (const [pod, own] of life.ownRules) {
    if (!pod.isAlive) continue
    const [then, now] = [before, after].map((one) => one[pod.containerId]?.rules ?? []) as [
      Rule[],
      Rule[],
    ]
    const loans = [
      ...life.loans.filter((loan) => loan.pod === pod && !loan.isRecordLost),
      ...life.applications.filter((one) => one.pod === pod),
    ]
    const needed = loans.flatMap(({ rules }) => rules)
    const whose = `${when}: rules of ${pod.containerId}`
    expectSame(rulesBeyond(now, then), [], `${whose} that are new`)
    expectSame(rulesBeyond(needed, now), [], `${whose} that another device needs`)
    if (!released.some((loan) => loan.pod === pod)) expectSame(now, then, whose)
    // No runtime can name a sandbox that has lost its name.
    else if (loans.length === 0 && pod.isNamed)
      expectSame(
        rulesBeyond(now, [...own, ...(life.strayRules.get(pod) ?? [])]),
        [],
        `${whose} that are left`,
      )
  }
}

/** Without its record, a device comes home as it should, or nothing is done to it. */
async function expectForgotten(
  life: Life,
  loan: Loan,
  before: Snapshots,
  when: string,
): Promise<void> {
  const { world } = life
  const after = await life.look()
  const [then, now] = [world.find(loan.nic, before), world.find(loan.nic, after)]
  const isThere = now?.place === then?.place && now?.link.ifname === then?.link.ifname
  if (isThere) return await expectUnchanged(life, before, when)
  // Nothing is left that says more of it than its name.
  expectSame([now?.place.path, now?.link.ifname], [world.host.path, loan.nic.name], when)
  life.loans = life.loans.filter((one) => one !== loan)
  life.expectOthersUnchanged(before, when)
  expectRules(life, [], before, after, when)
}

/** With nothing in the way any more, all that is lent comes home, and nothing is left. */
export async function end(life: Life): Promise<void> {
  const { world } = life
  for (const name of life.takenNames) world.testbed.onHost(`link delete ${name}`)
  await life.look()
  for (const loan of [...life.loans].filter(({ isRecordLost }) => !isRecordLost))
    await delOf(life, loan, RESTORE, false)
  for (const loan of life.loans.filter(({ isRecordLost }) => isRecordLost))
    await delOf(life, loan, RESTORE, false)
  while (life.applications.length > 0)
    await endApplication(life, {
      ...{ do: 'end apply', application: 0, keys: RESTORE, withoutPath: false },
    })
  await gc(life, { do: 'GC', valid: 0, isListed: true, keys: RESTORE })
  // A call that was killed may have left a lock's file, which does no harm.
  const directories = ['attachments', 'captures', ...(life.wasKilled ? [] : ['locks'])]
  for (const directory of directories)
    expect(world.testbed.filesIn(directory), `${directory} in the end`).toEqual([])
}
