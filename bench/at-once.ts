import { allContestants, callOf } from './contestants.js'
import { measureAtOnce, wholeOf } from './measured.js'
import { countsAtOnce, type Network, prepareDevices } from './network.js'
import type { Noise } from './noise.js'
import { type Report, Samples } from './statistics.js'

const MOST_ROUNDS = 3

/** Lends several devices at once, each to a sandbox of its own, and returns them at once. */
export async function compareAtOnce(network: Network, noise: Noise): Promise<Report> {
  const rows: Report['rows'] = []
  const rounds = Math.min(network.rounds, MOST_ROUNDS)
  for (const count of countsAtOnce(network)) {
    const all = allContestants(network).map((one) => ({
      one,
      whole: { ADD: new Samples(), DEL: new Samples() },
    }))
    const attachments = network.manyDevices.slice(0, count)
    for (let round = 0; round < rounds; round++)
      for (const { one, whole } of all) {
        prepareDevices(attachments.map(({ device }) => device))
        for (const command of ['ADD', 'DEL'] as const) {
          noise.pause()
          const calls = attachments.map((attachment) => callOf(one, command, attachment))
          whole[command].add(wholeOf(await measureAtOnce(network, calls)))
        }
      }
    for (const command of ['ADD', 'DEL'] as const)
      for (const { one, whole } of all)
        rows.push({
          call: `${count} ${command}`,
          plugin: one.name,
          'median ms': whole[command].median,
          'min ms': whole[command].minimum,
        })
  }
  return { title: `Several devices at once, until the last is done, ${rounds} rounds`, rows }
}
