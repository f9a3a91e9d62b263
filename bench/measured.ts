import { execFile, execFileSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Network } from './network.js'

const MEASURE = resolve('build/measure')
const MAX_OUTPUT = 64 * 1024 * 1024

/** What one run of a program took. Start and end are milliseconds of one clock. */
export interface Measured {
  start: number
  end: number
  milliseconds: number
  cpuMilliseconds: number
  peakMebibytes: number
  stdout: string
}

/** A program to run, and what it gets. */
export interface Run {
  command: string[]
  input: string
  variables?: Record<string, string>
  /** The control groups to run it in, as the paths of their cgroup.procs. */
  groups?: string[]
}

let count = 0

/** Runs a program. What is measured begins and ends with the program itself. */
export function measure(network: Network, run: Run): Measured {
  const { report, words, env } = prepare(network, run)
  const options = { input: run.input, env, maxBuffer: MAX_OUTPUT, encoding: 'utf8' } as const
  return read(report, execFileSync(MEASURE, words, options))
}

/** Runs programs at the same time. */
export async function measureAtOnce(network: Network, runs: Run[]): Promise<Measured[]> {
  return Promise.all(
    runs.map((run) => {
      const { report, words, env } = prepare(network, run)
      return new Promise<Measured>((resolve, reject) => {
        const child = execFile(MEASURE, words, { env, maxBuffer: MAX_OUTPUT }, (error, stdout) => {
          if (error) reject(new Error(`${error.message}${stdout}`))
          else resolve(read(report, stdout))
        })
        child.stdin?.end(run.input)
      })
    }),
  )
}

/** Runs programs at the same time, some of which may fail; returns what those took that did not. */
export async function measureSuccesses(network: Network, runs: Run[]): Promise<Measured[]> {
  const endings = await Promise.allSettled(runs.map((run) => measureAtOnce(network, [run])))
  return endings.flatMap((ending) => (ending.status === 'fulfilled' ? ending.value : []))
}

/** From the first start to the last end, in milliseconds. */
export function wholeOf(all: Measured[]): number {
  return Math.max(...all.map(({ end }) => end)) - Math.min(...all.map(({ start }) => start))
}

function prepare(network: Network, { command, variables, groups = [] }: Run) {
  const report = `${network.stateDirectory}/report-${++count}`
  const words = [report, ...groups, '--', ...command]
  return { report, words, env: { PATH: process.env.PATH, ...variables } }
}

function read(report: string, stdout: string): Measured {
  const [start = 0, end = 0, cpu = 0, peak = 0] = readFileSync(report, 'utf8')
    .split(' ')
    .map(Number)
  rmSync(report)
  return {
    start: start / 1e6,
    end: end / 1e6,
    milliseconds: (end - start) / 1e6,
    cpuMilliseconds: cpu / 1e3,
    peakMebibytes: peak / 1024,
    stdout,
  }
}
