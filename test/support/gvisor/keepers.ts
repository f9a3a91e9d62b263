import { readdirSync, readFileSync } from 'node:fs'

/** A process that keeps addresses. */
export interface KeeperProcess {
  pid: number
  title: string
  /** In clock ticks, since it was started. */
  cpuTicks: number
}

/** The keepers of containers whose ids start with a text, but for those that only wait to be reaped. */
export function keepersOf(containerId: string): KeeperProcess[] {
  const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return ids.flatMap((id) => read(id) ?? []).filter(({ title }) => isKeeperOf(title, containerId))
}

function isKeeperOf(title: string, containerId: string): boolean {
  return new RegExp(`^host-device-l3: keeps addresses of \\S+ of container ${containerId}`).test(
    title,
  )
}

function read(id: string): KeeperProcess | undefined {
  try {
    const title = readFileSync(`/proc/${id}/cmdline`, 'utf8').replaceAll('\0', '')
    const stat = readFileSync(`/proc/${id}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (fields[0] === 'Z') return undefined
    return { pid: Number(id), title, cpuTicks: Number(fields[11]) + Number(fields[12]) }
  } catch {
    // It has just ended.
    return undefined
  }
}

/** The memory that a process has for itself alone, in KiB. */
export function privateKibibytes(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  const sizes = [...rollup.matchAll(/^Private_(?:Clean|Dirty): *(\d+) kB$/gm)]
  return sizes.reduce((sum, [, size]) => sum + Number(size), 0)
}
