import { closeSync, openSync, readFileSync, readSync, writeSync } from 'node:fs'
import { runPlugin } from '../../ipam/run-plugin.js'

/** How long a plugin may take to say its version, on a node that has just been started. */
const LONGEST_MILLISECONDS = 30_000
const PART_BYTES = 1 << 16

/** What ELF calls the machines that there are executables for, and what the kernel does. */
const MACHINES = new Map([
  [0x3e, 'x86_64'],
  [0xb7, 'aarch64'],
])

/**
 * The file of this program. The executable is found by the kernel's link to it, which leads there
 * even where the file has been replaced meanwhile; Node has a script beside its own.
 */
export function ownProgram(): string {
  const [interpreter, script = ''] = process.argv
  return script === interpreter ? '/proc/self/exe' : script
}

/** Copies a file's contents into an open file. */
export function copyInto(fd: number, path: string): void {
  forEachPart(path, (part) => {
    for (let rest = part; rest.length > 0; ) rest = rest.subarray(writeSync(fd, rest))
  })
}

/** Whether two files have the same contents; false if there is no second one. */
export function haveSameContents(one: string, other: string): boolean {
  const [first, second] = [contentsOf(one), contentsOf(other)]
  return first !== undefined && second !== undefined && first.equals(second)
}

/**
 * Makes sure that an executable is for this machine: an emulator may run it in a container, and no
 * runtime on the node.
 * @throws Error
 */
export function requireThisMachine(path: string): void {
  const machine = machineOf(path)
  const actual = kernelArchitecture()
  if (machine === undefined || actual === undefined || machine === actual) return
  throw new Error(`this executable is for ${machine}, and the kernel of this node is ${actual}`)
}

/**
 * The version that a plugin of this name says it has.
 * @throws Error if it cannot be run here, or says none
 */
export async function versionOf(path: string): Promise<string> {
  const given = { variables: { PATH: process.env.PATH }, input: '', words: ['--version'] }
  const { stdout, exitCode, trouble } = await runPlugin(path, given, LONGEST_MILLISECONDS)
  const version = stdout.match(/^\d+\.\d+\.\d+\S*/)?.[0]
  if (exitCode === 0 && version !== undefined) return version
  const reason = trouble ?? `exit status ${exitCode}`
  throw new Error(`${path} does not run here, or does not say its version: ${reason}`)
}

/**
 * Compares two versions as Semantic Versioning does, but for the parts of a pre-release, which are
 * compared as text.
 * @returns above 0 if the first is newer
 */
export function compareVersions(one: string, other: string): number {
  const [first, second] = [partsOf(one), partsOf(other)]
  for (const n of [0, 1, 2]) {
    const difference = (first.numbers[n] ?? 0) - (second.numbers[n] ?? 0)
    if (difference !== 0) return difference
  }
  if (first.preRelease === second.preRelease) return 0
  if (first.preRelease === '') return 1
  if (second.preRelease === '') return -1
  return first.preRelease < second.preRelease ? -1 : 1
}

function partsOf(version: string) {
  const [release = '', ...preRelease] = (version.split('+')[0] ?? '').split('-')
  return { numbers: release.split('.').map(Number), preRelease: preRelease.join('-') }
}

function machineOf(path: string): string | undefined {
  const header = Buffer.alloc(20)
  const fd = openSync(path, 'r')
  try {
    readSync(fd, header)
  } finally {
    closeSync(fd)
  }
  if (header.readUInt32BE(0) !== 0x7f454c46) return undefined
  return MACHINES.get(header.readUInt16LE(18)) ?? 'another machine'
}

/** Undefined where the kernel does not say it (before Linux 6.1). */
function kernelArchitecture(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/arch', 'utf8').trim()
  } catch {
    return undefined
  }
}

function contentsOf(path: string): Buffer | undefined {
  const parts: Buffer[] = []
  try {
    forEachPart(path, (part) => parts.push(part))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  return Buffer.concat(parts)
}

function forEachPart(path: string, work: (part: Buffer) => void): void {
  const fd = openSync(path, 'r')
  try {
    for (;;) {
      const part = Buffer.alloc(PART_BYTES)
      const length = readSync(fd, part)
      if (length === 0) return
      work(part.subarray(0, length))
    }
  } finally {
    closeSync(fd)
  }
}
