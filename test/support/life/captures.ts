import { expect } from 'vitest'
import { at } from '../points.js'
import { expectSame, expectSoonSame } from '../same.js'
import { tampered } from '../strace.js'
import { expectUnchanged, isAwayOrAstray } from './adds.js'
import type { Attachment, Life } from './life.js'
import type { StepOf } from './steps.js'
import type { Nic, Snapshots } from './world.js'

const RESTORE = { restoreOnDelete: true }

/** What a runtime may do between the ADD of a capture and its last DEL: the device is home bare then. */
export const TWISTS = [
  ...['none', 'none', 'ADD again', 'another loan around DEL', 'another loan'],
  ...['DEL killed, ADD again', 'DEL killed, another loan'],
] as const

/**
 * A chain, from its ADD to its DEL: `capture`, another plugin that moves the device, `apply`. In the
 * end the device is as it was.
 */
export async function chainWithMover(
  life: Life,
  step: StepOf<'capture, a move by another plugin, apply'>,
): Promise<void> {
  const { world } = life
  const pod = world.pod(step.pod)
  const nic = world.nics[step.nic] as Nic
  const before = life.now
  const isHome = !isAwayOrAstray(life, nic, before) && !life.takenNames.has(nic.name)
  if (!isHome || !pod.isNamed || nic.plan.kind === 'bridge') return
  const attachment = { pod, interfaceName: 'cap1', device: nic.name }
  const capture = { ...step.keys, mode: 'capture' }
  await succeed(life, 'ADD', attachment, capture)
  await expectUnchanged(life, before, 'after a capture')
  if (move(life, nic, attachment)) {
    await applyCaptured(life, attachment, step)
    const wasUp = world.find(nic, before)?.link.flags.includes('UP') ?? false
    moveBack(life, nic, attachment, wasUp)
  }
  await twist(life, attachment, step)
  await succeed(life, 'DEL', attachment, { ...capture, ...RESTORE })
  const look = async () => inAnyOrder(await life.look())
  await expectSoonSame(look, inAnyOrder(before), 'after DEL of a chain with a capture')
}

/** The keys of these calls have it that all is given back. */
async function twist(
  life: Life,
  attachment: Attachment,
  { twist, nth, keys }: StepOf<'capture, a move by another plugin, apply'>,
): Promise<void> {
  const capture = { ...keys, ...RESTORE, mode: 'capture' }
  const loan = { ...attachment, interfaceName: 'cap2' }
  if (twist.startsWith('DEL killed')) {
    const wrapper = tampered(...at({ kind: 'sendto', nth }, 'signal=KILL'))
    const { exitCode } = await life.call('DEL', attachment, { keys: capture, wrapper })
    life.wasKilled ||= exitCode === undefined
  }
  if (twist.endsWith('ADD again')) await succeed(life, 'ADD', attachment, capture)
  if (!twist.includes('another loan')) return
  // Of a configuration without restoring, ADD does not give back first what was captured.
  const isFirst = twist !== 'another loan around DEL'
  const { exitCode } = await life.call('ADD', loan, { keys: { restoreOnDelete: isFirst } })
  if (!isFirst) await succeed(life, 'DEL', attachment, capture)
  // The pod may have a device of that name, or a rule of that priority.
  if (exitCode === 0) await succeed(life, 'DEL', loan, RESTORE)
}

async function applyCaptured(
  life: Life,
  attachment: Attachment,
  { keys }: StepOf<'capture, a move by another plugin, apply'>,
): Promise<void> {
  const { pod, interfaceName: name } = attachment
  const moved = await life.look()
  const reported = { interfaces: [{ name, sandbox: pod.sandboxPath }] }
  const added = await life.call('ADD', attachment, {
    keys: { ...keys, device: undefined, mode: 'apply', prevResult: reported },
  })
  if (added.exitCode === 0) {
    const cached = { ...keys, prevResult: added.document }
    await succeed(life, 'CHECK', attachment, { ...cached, mode: 'capture' })
    await succeed(life, 'CHECK', attachment, { ...cached, device: undefined, mode: 'apply' })
  } else {
    // The same state may have been applied to another interface there.
    const isTwice = life.applications.some((one) => one.pod === pod)
    expect(isTwice, added.stdout).toBe(true)
  }
  await succeed(life, 'DEL', attachment, { ...keys, device: undefined, mode: 'apply' })
  const look = async () => (await life.look())[pod.containerId]
  await expectSoonSame(look, moved[pod.containerId], 'after DEL of what was captured')
  expectSame(life.now.host, moved.host, 'after DEL of what was captured: the host')
}

/** Another plugin need not give a device its index back, by which they are listed. */
function inAnyOrder(snapshots: Snapshots): object {
  const entries = Object.entries(snapshots).map(([place, { devices, ...rest }]) => {
    const byName = devices.map((device) => [device.link.ifname, device] as const)
    return [place, { ...rest, devices: Object.fromEntries(byName) }] as const
  })
  return Object.fromEntries(entries)
}

async function succeed(life: Life, command: string, attachment: Attachment, keys: object) {
  const { exitCode, stdout } = await life.call(command, attachment, { keys: { ...keys } })
  expect(exitCode, `${command} of a chain with a capture: ${stdout}`).toBe(0)
}

/** @returns whether the kernel moved it: an alternative name may be taken in the pod */
function move({ world }: Life, { name }: Nic, { pod, interfaceName }: Attachment): boolean {
  const words = ['link', 'set', name, 'netns', pod.name, 'name', interfaceName]
  return world.onHost(words) && pod.ip(`link set ${interfaceName} up`)
}

function moveBack(
  { world }: Life,
  { name }: Nic,
  { pod, interfaceName }: Attachment,
  wasUp: boolean,
): void {
  pod.ip(`link set ${interfaceName} down`)
  pod.ip(`link set ${interfaceName} name ${name} netns ${world.testbed.host}`)
  if (wasUp) world.onHost(['link', 'set', name, 'up'])
}
