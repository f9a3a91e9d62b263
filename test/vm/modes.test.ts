import { writeFileSync } from 'node:fs'
import { release } from 'node:os'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ASKED, type SlaveKind, Slaves } from '../support/vm/slaves.js'

/**
 * Who answers a pod, with the switch's port not sending back (hairpin off) and sending back
 * what came from it: pod to pod, pod to host, pod to outside.
 */
const EXPECTED: [SlaveKind, off: string, on: string][] = [
  [{ kind: 'macvlan', mode: 'bridge' }, 'ok fail ok', 'ok ok ok'],
  [{ kind: 'macvlan', mode: 'vepa' }, 'fail fail ok', 'ok ok ok'],
  [{ kind: 'macvlan', mode: 'private' }, 'fail fail ok', 'fail fail ok'],
  [{ kind: 'macvlan', mode: 'passthru' }, '- fail ok', '- fail ok'],
  [{ kind: 'ipvlan', mode: 'l2', flag: 'bridge' }, 'ok fail ok', 'ok ok ok'],
  [{ kind: 'ipvlan', mode: 'l2', flag: 'private' }, 'fail fail ok', 'fail ok ok'],
  [{ kind: 'ipvlan', mode: 'l2', flag: 'vepa' }, 'fail fail ok', 'ok ok ok'],
  [{ kind: 'ipvlan', mode: 'l3', flag: 'bridge' }, 'ok fail ok', 'ok fail ok'],
  [{ kind: 'ipvlan', mode: 'l3', flag: 'private' }, 'fail fail ok', 'fail fail ok'],
  [{ kind: 'ipvlan', mode: 'l3', flag: 'vepa' }, 'fail fail ok', 'fail fail ok'],
  [{ kind: 'ipvlan', mode: 'l3s', flag: 'bridge' }, 'ok fail ok', 'ok fail ok'],
  [{ kind: 'ipvlan', mode: 'l3s', flag: 'private' }, 'fail fail ok', 'fail fail ok'],
  [{ kind: 'ipvlan', mode: 'l3s', flag: 'vepa' }, 'fail fail ok', 'fail fail ok'],
]

const HEAD = `| by | device | hairpin | ${ASKED.join(' | ')} |\n| --- | --- | --- | --- | --- | --- |`
const rows: string[] = []

/** In a cell the answer, and what was expected beside it. */
function note(by: string, device: string, hairpin: string, answers: string, expected: string) {
  const wanted = expected.split(' ')
  const cells = answers.split(' ').map((one, n) => `${one} (${wanted[n]})`)
  rows.push(`| ${[by, device, hairpin, ...cells].join(' | ')} |`)
}

async function answersOf(expected: string): Promise<string> {
  const word = (answer?: boolean) => (answer === undefined ? '-' : answer ? 'ok' : 'fail')
  return (await slaves.ask(expected)).map(word).join(' ')
}

async function tryBoth(by: string, device: string, off: string, on: string) {
  for (const [hairpin, expected] of [
    ['off', off],
    ['on', on],
  ] as const) {
    slaves.setHairpin(hairpin)
    const answers = await answersOf(expected)
    note(by, device, hairpin, answers, expected)
    expect.soft(answers, `${device}, hairpin ${hairpin}`).toBe(expected)
  }
}

let slaves: Slaves
beforeAll(() => {
  slaves = new Slaves()
})
afterEach(() => slaves.end())
afterAll(() => {
  slaves[Symbol.dispose]()
  const table = [HEAD, ...rows].join('\n')
  console.log(`Who answers a pod, and (what was expected):\n${table}`)
  writeFileSync(`build/vm/modes-${release()}.md`, `${table}\n`)
})

describe('who answers a pod', () => {
  it.each(
    EXPECTED.map(([kind, off, on]) => ({
      ...{ device: Object.values(kind).join(' '), kind, off, on },
    })),
  )('with a device lent from the host: $device', async ({ device, kind, off, on }) => {
    slaves.move(kind)
    // The outside asks for the pod's MAC address, which nobody tells it.
    if (device === 'ipvlan l3 bridge') expect((await slaves.ask('ok fail fail'))[2]).toBe(false)
    if (kind.mode.startsWith('l3')) slaves.addReturnRoutes()
    await tryBoth('move', device, off, on)
  })

  // The stock ipvlan plugin of CNI plugins 1.1 has no flags.
  const madeInPod = EXPECTED.filter(([{ flag }]) => flag === undefined || flag === 'bridge')
  it.each(
    madeInPod.map(([kind, off, on]) => ({
      ...{ device: `${kind.kind} ${kind.mode}`, kind, off, on },
    })),
  )('with a device that the stock plugin made: $device', async ({ device, kind, off, on }) => {
    slaves.apply(kind)
    if (kind.mode.startsWith('l3')) slaves.addReturnRoutes()
    await tryBoth('apply', device, off, on)
  })
})
