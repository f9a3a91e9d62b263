import { writeFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import BUDGET from '../fixtures/budget.json' with { type: 'json' }
import { COMPILED, JAVASCRIPT } from '../support/artefacts.js'
import { type Cost, loadCost, snapshotCost, traceCost } from '../support/cost.js'
import type { CallOptions, Outcome } from '../support/plugin.js'
import { Testbed } from '../support/testbed.js'

/** What a call costs less than its budget before the budget must be lowered. */
const MARGIN = 0.05

/** How many more bytes than today's a budget has, so that not every line needs a new one. */
const ROOM = 0.02

/** A budget of what was measured: to be copied to test/fixtures/ where the growth is meant. */
const MEASURED = 'build/budget.json'

const COMMANDS = ['VERSION', 'ADD', 'CHECK', 'DEL'] as const
type Command = (typeof COMMANDS)[number]

type Call = (testbed: Testbed, command: Command, options: CallOptions) => Outcome

/** The calls of one device with an address, a route and a rule of each family, in order. */
function callAll(call: Call): void {
  using testbed = new Testbed()
  for (const words of [
    'address add 198.51.100.5/24 dev eth1',
    'address add 2001:db8::5/64 dev eth1 nodad',
    'route add 203.0.113.0/24 via 198.51.100.1',
    'route add 2001:db8:1::/48 via 2001:db8::1',
    'rule add from 198.51.100.5 lookup 100 priority 50',
    '-6 rule add from 2001:db8::5 lookup 100 priority 50',
  ])
    testbed.onHost(words)
  let prevResult: object | undefined
  for (const command of COMMANDS) {
    const input = command === 'VERSION' ? { input: '' } : {}
    const outcome = call(testbed, command, { configuration: { prevResult }, ...input })
    expect(outcome.exitCode, outcome.stdout).toBe(0)
    if (command === 'ADD') prevResult = outcome.document
  }
}

/** What is wrong with a cost, in words; of its parts, those that are named. */
function complaints(cost: Cost | undefined, budget: Cost, names = Object.keys(budget)): string[] {
  return names.flatMap((name) => {
    const [count = Number.NaN, most = Number.NaN] = [cost?.[name], budget[name]]
    if (count <= most && count >= Math.floor(most * (1 - MARGIN))) return []
    if (count < most) return [`only ${count} ${name}: lower the budget, which is ${most}`]
    return [`${count} ${name}: the budget is ${most}`]
  })
}

function writeMeasured(costs: Map<Command, Cost>, loaders: Map<string, string>): void {
  const withRoom = (cost: Cost) =>
    Object.fromEntries(
      Object.entries(cost).map(([name, count]) => [
        name,
        name.startsWith('bytes') ? Math.ceil((count * (1 + ROOM)) / 100) * 100 : count,
      ]),
    )
  const calls = Object.fromEntries([...costs].map(([command, cost]) => [command, withRoom(cost)]))
  const snapshot = withRoom(snapshotCost().cost)
  const sources = Object.fromEntries([...loaders].sort())
  writeFileSync(MEASURED, `${JSON.stringify({ snapshot, calls, sources }, undefined, 2)}\n`)
}

describe('the budget, test/fixtures/budget.json,', () => {
  const executable = new Map<Command, Cost>()
  const node = new Map<Command, Cost>()
  const loaders = new Map<string, string>()

  beforeAll(() => {
    const trace = (path: string, costs: Map<Command, Cost>) =>
      callAll((testbed, command, options) => {
        const { outcome, cost } = traceCost(testbed, path, command, options)
        costs.set(command, cost)
        return outcome
      })
    trace(COMPILED, executable)
    trace(JAVASCRIPT, node)
    for (const source of snapshotCost().sources) loaders.set(source, 'snapshot')
    callAll((testbed, command, options) => {
      const { outcome, cost, sources } = loadCost(testbed, command, options)
      executable.set(command, { ...executable.get(command), ...cost })
      for (const source of sources)
        loaders.set(source, `${loaders.get(source) ?? ''} ${command}`.trim())
      return outcome
    })
    writeMeasured(executable, loaders)
  })

  it.each(COMMANDS)('is what %s costs in the executable', (command) => {
    expect(complaints(executable.get(command), BUDGET.calls[command])).toEqual([])
  })

  it('is what the executable begins with', () => {
    expect(complaints(snapshotCost().cost, BUDGET.snapshot)).toEqual([])
  })

  it.each(COMMANDS)('has the netlink messages of %s on Node', (command) => {
    const names = ['netlink messages']
    expect(complaints(node.get(command), BUDGET.calls[command], names)).toEqual([])
  })

  it('has the source files of the snapshot, and those that each command loads', () => {
    const lines = (files: Iterable<[string, string]>) =>
      [...files].map(([file, commands]) => `${file}: ${commands}`).sort()
    expect(lines(loaders)).toEqual(lines(Object.entries(BUDGET.sources)))
  })
})
