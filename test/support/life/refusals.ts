import { expect } from 'vitest'
import { at } from '../points.js'
import { tampered } from '../strace.js'
import { expectUnchanged, isAwayOrAstray } from './adds.js'
import type { CallDetails, Life } from './life.js'
import type { StepOf } from './steps.js'
import type { Nic } from './world.js'

/** What is wrong with an ADD. */
export const MISTAKES = ['configuration', 'version', 'host', 'no sandbox', 'own name'] as const

/** An ADD that cannot be done, and the DEL after it. */
export async function addByMistake(
  life: Life,
  { pod: n, nic: m, mistake }: StepOf<'ADD by mistake, and its DEL'>,
): Promise<void> {
  const { world } = life
  const pod = world.pod(n)
  const nic = world.nics[m] as Nic
  const before = life.now
  // A device that is back under another name would be brought in order first.
  if (isAwayOrAstray(life, nic, before)) return
  const interfaceName = mistake === 'own name' ? 'own0' : 'net9'
  const attachment = { pod, interfaceName, device: nic.name }
  const netns = { host: world.host.path, 'no sandbox': '/run/netns/hdl3-nowhere' }
  const details: Record<string, CallDetails> = {
    configuration: { keys: { routes: 'perhaps' } },
    version: { keys: { cniVersion: '9.9.9' } },
    host: { netns: netns.host },
    'no sandbox': { netns: netns['no sandbox'] },
  }
  const added = await life.call('ADD', attachment, details[mistake])
  expect(added.exitCode, added.stdout).not.toBe(0)
  await expectUnchanged(life, before, `after ADD with a mistake: ${mistake}`)
  const deleted = await life.call('DEL', attachment)
  expect(deleted.exitCode, deleted.stdout).toBe(0)
  await expectUnchanged(life, before, `after DEL of ADD with a mistake: ${mistake}`)
}

/** System calls at which ADD is killed: what it does to the kernel, and to the state directory. */
export const DEADLY = ['sendto', 'recvmsg', 'fsync', 'rename', 'setns', 'unlink'] as const

/** An ADD that is killed, unless it is done before, and the DEL after it. */
export async function addKilled(
  life: Life,
  { pod: n, nic: m, kind, nth, keys }: StepOf<'ADD that is killed, and its DEL'>,
): Promise<void> {
  const { world } = life
  const pod = world.pod(n)
  const nic = world.nics[m] as Nic
  const before = life.now
  if (isAwayOrAstray(life, nic, before) || life.takenNames.has(nic.name) || !pod.isNamed) return
  const attachment = { pod, interfaceName: 'net8', device: nic.name }
  const wrapper = tampered(...at({ kind, nth }, 'signal=KILL'))
  const { exitCode } = await life.call('ADD', attachment, { keys, wrapper })
  life.wasKilled ||= exitCode === undefined
  const deleted = await life.call('DEL', attachment, { keys: { restoreOnDelete: true } })
  expect(deleted.exitCode, deleted.stdout).toBe(0)
  await expectUnchanged(life, before, 'after DEL of an ADD that was killed')
}
