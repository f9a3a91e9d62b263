import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { forget, mountControlGroups } from '../test/support/small-container.js'
import { type Contestant, callOf, executables } from './contestants.js'
import { measureSuccesses, wholeOf } from './measured.js'
import { countsAtOnce, type Network, prepareDevices, remakeDevices } from './network.js'
import type { Noise } from './noise.js'
import { type Report, Samples } from './statistics.js'

/** The most rounds of so many calls at once: in a tenth of a CPU, many take long. */
const mostRounds = (count: number) => (count === 1 ? 5 : count <= 8 ? 3 : 1)

/**
 * Calls that take longer are ended, and count as failed: where many need more memory than there is, the
 * kernel does not always kill one, and reads the same pages of the file again and again.
 */
const LONGEST_SECONDS = 45

interface Costs {
  wall: Samples
  peak: Samples
  failed: number
  /** Devices that are neither at home nor lent afterwards, or that DEL does not bring home. */
  lost: number
}

/**
 * ADD in a container of a tenth of a CPU and 50 MiB, as Multus's daemon calls plugins, by an
 * executable that is not in memory yet. Where the memory is used up, the kernel kills calls.
 */
export async function compareInContainer(network: Network, noise: Noise): Promise<Report> {
  mountControlGroups()
  const directory = mkdtempSync(resolve('build/cold-'))
  const rows: Report['rows'] = []
  for (const count of countsAtOnce(network)) {
    const rounds = Math.min(network.rounds, mostRounds(count))
    const all = executables(network).map((one) => ({
      one,
      costs: { wall: new Samples(), peak: new Samples(), failed: 0, lost: 0 },
    }))
    for (let round = 0; round < rounds; round++)
      for (const { one, costs } of all) await runRound(network, noise, directory, one, count, costs)
    for (const { one, costs } of all)
      rows.push({
        call: `${count} ADD`,
        plugin: one.name,
        rounds: `${rounds}`,
        'median ms': costs.wall.median,
        'min ms': costs.wall.minimum,
        'max ms': costs.wall.maximum,
        'peak MiB': costs.peak.maximum,
        'calls failed': costs.failed,
        'devices lost': costs.lost,
      })
  }
  rmSync(directory, { recursive: true })
  const title = 'In 50 MiB and a tenth of a CPU, with a cold file, until the last call is done'
  return { title: `${title}, or for ${LONGEST_SECONDS} s`, rows }
}

async function runRound(
  network: Network,
  noise: Noise,
  directory: string,
  one: Contestant,
  count: number,
  costs: Costs,
): Promise<void> {
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
  const limit = setTimeout(() => killAllIn(network.smallContainer), LONGEST_SECONDS * 1000)
  const measured = await measureSuccesses(network, add)
  clearTimeout(limit)
  if (measured.length > 0) costs.wall.add(wholeOf(measured))
  for (const { peakMebibytes } of measured) costs.peak.add(peakMebibytes)
  costs.failed += count - measured.length
  await measureSuccesses(
    network,
    attachments.map((attachment) => callOf(one, 'DEL', attachment)),
  )
  costs.lost += remakeDevices(network, attachments)
}

/** @param groups their cgroup.procs, which list the same processes */
function killAllIn([group]: string[]): void {
  if (group === undefined) return
  for (const pid of readFileSync(group, 'utf8').split('\n').filter(Boolean)) {
    try {
      process.kill(Number(pid), 'SIGKILL')
    } catch (error) {
      // It has ended by itself.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
}
