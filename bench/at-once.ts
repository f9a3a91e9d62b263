import { allContestants, callOf } from './contestants.js'
import { measureAtOnce, wholeOf } from './measured.js'
import { type Network, prepareDevices } from './network.js'
import type { Noise } from './noise.js'
import { type Report, Samples } from './statistics.js'

/** How many devices are lent at once, as when a node starts. */
export const COUNTS = [1, 8, 64]
const ROUNDS = 3

/** Lends several devices at once, each to a sandbox of its own, and returns them at once. */
export async function compareAtOnce(network: Network, noise: Noise): Promise<Report> {
  const rows: Report['rows'] = []
  for (const count of COUNTS) {
    const all = allContestants(network).map((one) => ({
      one,
      whole: { ADD: new Samples(), DEL: new Samples() },
    }))
    const attachments = network.manyDevices.slice(0, count)
    for (let round = 0; round < ROUNDS; round++)
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
  return { title: `Several devices at once, until the last is done, ${ROUNDS} rounds`, rows }
}
