import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { forget } from '../test/support/small-container.js'
import { callOf, executables } from './contestants.js'
import { measureAtOnce, wholeOf } from './measured.js'
import { type Network, prepareDevices } from './network.js'
import type { Noise } from './noise.js'
import { type Report, Samples } from './statistics.js'

const COUNTS = [1, 8]
const ROUNDS = 10

/**
 * ADD in a container of a tenth of a CPU and 50 MiB, as Multus's daemon calls plugins, by an
 * executable that is not in memory yet.
 */
export async function compareInContainer(network: Network, noise: Noise): Promise<Report> {
  const directory = mkdtempSync(resolve('build/cold-'))
  const all = executables(network).flatMap((one) =>
    COUNTS.map((count) => ({ one, count, wall: new Samples(), peak: new Samples() })),
  )
  for (let round = 0; round < ROUNDS; round++)
    for (const { one, count, wall, peak } of all) {
      // A file that nobody else has open.
      const path = `${directory}/${basename(one.path)}`
      copyFileSync(one.path, path)
      const attachments = network.manyDevices.slice(0, count)
      prepareDevices(attachments.map(({ device }) => device))
      forget(path)
      noise.pause()
      const add = attachments.map((attachment) => ({
        ...callOf({ ...one, path }, 'ADD', attachment),
        groups: network.smallContainer,
      }))
      const measured = await measureAtOnce(network, add)
      wall.add(wholeOf(measured))
      for (const { peakMebibytes } of measured) peak.add(peakMebibytes)
      await measureAtOnce(
        network,
        attachments.map((attachment) => callOf(one, 'DEL', attachment)),
      )
    }
  rmSync(directory, { recursive: true })
  return {
    title: `In 50 MiB and a tenth of a CPU, with a cold file, ${ROUNDS} rounds`,
    rows: all.map(({ one, count, wall, peak }) => ({
      call: `${count} ADD`,
      plugin: one.name,
      'median ms': wall.median,
      'min ms': wall.minimum,
      'max ms': wall.maximum,
      'peak MiB': peak.maximum,
    })),
  }
}
