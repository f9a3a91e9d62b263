import { readFileSync, statSync } from 'node:fs'

/**
 * Who has a file locked, as the kernel tells it, in words for a message: "the DEL of
 * container x (process 123)".
 */
export function holderOf(path: string): string {
  try {
    const { ino } = statSync(path)
    const line = readFileSync('/proc/locks', 'utf8')
      .split('\n')
      .find((candidate) => candidate.includes(' FLOCK ') && candidate.includes(`:${ino} `))
    const process = line?.trim().split(/\s+/)[4]
    return process === undefined ? 'another call' : describe(process)
  } catch {
    return 'another call'
  }
}

function describe(process: string): string {
  const variables = new Map(
    readFileSync(`/proc/${process}/environ`, 'utf8')
      .split('\0')
      .map((pair) => pair.split('=', 2) as [string, string]),
  )
  const command = variables.get('CNI_COMMAND') ?? 'a call'
  const container = variables.get('CNI_CONTAINERID')
  const whose = container ? ` of container ${container}` : ''
  return `the ${command}${whose} (process ${process})`
}
