import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { runSync } from './run-sync.js'
import { until } from './until.js'

const ROOT = '/sys/fs/cgroup'
const PERIOD_MICROSECONDS = 100_000
const QUOTA_MICROSECONDS = 10_000

/** Where groups are made, and the files that limit them, in version 1 and in version 2. */
function controllers1(memoryBytes: number): [string, [string, number][]][] {
  return [
    [
      `${ROOT}/cpu`,
      [
        ['cpu.cfs_period_us', PERIOD_MICROSECONDS],
        ['cpu.cfs_quota_us', QUOTA_MICROSECONDS],
      ],
    ],
    [`${ROOT}/memory`, [['memory.limit_in_bytes', memoryBytes]]],
  ]
}
function limits2(memoryBytes: number): [string, string][] {
  return [
    ['cpu.max', `${QUOTA_MICROSECONDS} ${PERIOD_MICROSECONDS}`],
    ['memory.max', `${memoryBytes}`],
  ]
}

const IS_VERSION_2 = existsSync(`${ROOT}/cgroup.controllers`)

/** `ip netns exec` hides the control groups, in which the plugin looks for its limit. */
const MOUNT = IS_VERSION_2
  ? `mount -t cgroup2 none ${ROOT}`
  : `mount -t tmpfs none ${ROOT}; mkdir ${ROOT}/memory; mount -t cgroup -o memory none ${ROOT}/memory`

/** Shows the control groups where `ip netns exec` has hidden them. */
export function mountControlGroups(): void {
  runSync('sh', ['-euc', MOUNT])
}

/**
 * A control group with a tenth of a CPU and, unless told otherwise, 50 MiB of memory: the limits that Multus's daemon has
 * by default, in whose container it runs the plugins. Dispose it when nothing runs in it any more.
 */
export class SmallContainer implements Disposable {
  readonly #directories: string[]

  /** Whether this machine has the controllers, in either version. */
  static readonly isPossible =
    existsSync(`${ROOT}/memory/memory.limit_in_bytes`) || controllersOf(ROOT).includes('memory')

  constructor(name: string, mebibytes = 50) {
    const bytes = mebibytes << 20
    if (IS_VERSION_2) {
      writeFileSync(`${ROOT}/cgroup.subtree_control`, '+cpu +memory')
      this.#directories = [made(`${ROOT}/${name}`, limits2(bytes))]
    } else {
      this.#directories = controllers1(bytes).map(([root, limits]) =>
        made(`${root}/${name}`, limits),
      )
    }
  }

  /** The files to which a process writes 0 to be inside: also where `ip netns exec` hides /sys. */
  get files(): string[] {
    return this.#directories.map((one) => `/proc/${process.pid}/root${one}/cgroup.procs`)
  }

  /** What to put before a command for it to run inside, after `ip netns exec`. */
  get wrapper(): string[] {
    const enter = this.files.map((file) => `echo 0 >${file}`).join('; ')
    return ['sh', '-euc', `${MOUNT}; ${enter}; exec "$@"`, 'sh']
  }

  /** The same for a group inside that has no limit of its own. */
  get innerWrapper(): string[] {
    const [inner = ''] = this.#directories.slice(-1).map((directory) => `${directory}/inner`)
    mkdirSync(inner)
    this.#directories.push(inner)
    const file = `/proc/${process.pid}/root${inner}/cgroup.procs`
    return ['sh', '-euc', `${MOUNT}; echo 0 >${file}; exec "$@"`, 'sh']
  }

  [Symbol.dispose](): void {
    for (const directory of this.#directories.toReversed()) {
      // A process that has ended is in it a moment longer.
      until(() => readFileSync(`${directory}/cgroup.procs`, 'utf8') === '')
      rmdirSync(directory)
    }
  }
}

/** Takes a file's contents out of memory, so that whoever runs it next has to read it. */
export function forget(path: string): void {
  runSync('sync', [path])
  runSync('dd', [`if=${path}`, 'iflag=nocache', 'count=0', 'status=none'])
  const { stdout } = runSync('fincore', ['--bytes', '--noheadings', '--output', 'RES', path])
  if (stdout.trim() !== '0') throw new Error(`${stdout} bytes of ${path} are still in memory`)
}

function controllersOf(directory: string): string[] {
  const file = `${directory}/cgroup.controllers`
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split(' ') : []
}

function made(directory: string, limits: [string, string | number][]): string {
  mkdirSync(directory)
  for (const [file, value] of limits) writeFileSync(`${directory}/${file}`, `${value}`)
  return directory
}
