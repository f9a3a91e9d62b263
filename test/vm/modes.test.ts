import { writeFileSync } from 'node:fs'
import { release } from 'node:os'
import { afterAll, describe, type ExpectStatic, it } from 'vitest'
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

/** A row of the table: in a cell the answer, and what was expected beside it. */
function row(by: string, device: string, hairpin: string, answers: string, expected: string) {
  const wanted = expected.split(' ')
  const cells = answers.split(' ').map((one, n) => `${one} (${wanted[n]})`)
  return `| ${[by, device, hairpin, ...cells].join(' | ')} |`
}

async function answersOf(slaves: Slaves, expected: string): Promise<string> {
  const word = (answer?: boolean) => (answer === undefined ? '-' : answer ? 'ok' : 'fail')
  return (await slaves.ask(expected)).map(word).join(' ')
}

interface Case {
  /** For the table, in the order of which the cases are. */
  place: number
  device: string
  off: string
  on: string
}

async function tryBoth(
  slaves: Slaves,
  by: string,
  { place, device, off, on }: Case,
  expect: ExpectStatic,
) {
  for (const [n, hairpin, expected] of [
    [0, 'off', off],
    [1, 'on', on],
  ] as const) {
    slaves.setHairpin(hairpin)
    const answers = await answersOf(slaves, expected)
    rows[2 * place + n] = row(by, device, hairpin, answers, expected)
    expect.soft(answers, `${device}, hairpin ${hairpin}`).toBe(expected)
  }
}

afterAll(() => {
  const table = [HEAD, ...rows].join('\n')
  console.log(`Who answers a pod, and (what was expected):\n${table}`)
  writeFileSync(`build/vm/modes-${release()}.md`, `${table}\n`)
})

// Much of the time they wait for an answer that must not come.
describe.concurrent('who answers a pod', () => {
  const lent = EXPECTED.map(([kind, off, on], place) => ({
    ...{ place, device: Object.values(kind).join(' '), kind, off, on },
  }))
  it.for(lent)('with a device lent from the host: $device', async (one, { expect }) => {
    using slaves = new Slaves()
    slaves.move(one.kind)
    // The outside asks for the pod's MAC address, which nobody tells it.
    if (one.device === 'ipvlan l3 bridge') expect((await slaves.ask('ok fail fail'))[2]).toBe(false)
    if (one.kind.mode.startsWith('l3')) slaves.addReturnRoutes()
    await tryBoth(slaves, 'move', one, expect)
  })

  // The stock ipvlan plugin of CNI plugins 1.1 has no flags.
  const madeInPod = EXPECTED.filter(([{ flag }]) => flag === undefined || flag === 'bridge')
  const made = madeInPod.map(([kind, off, on], n) => ({
    ...{ place: lent.length + n, device: `${kind.kind} ${kind.mode}`, kind, off, on },
  }))
  it.for(made)('with a device that the stock plugin made: $device', async (one, { expect }) => {
    using slaves = new Slaves()
    slaves.apply(one.kind)
    if (one.kind.mode.startsWith('l3')) slaves.addReturnRoutes()
    await tryBoth(slaves, 'apply', one, expect)
  })
})
