import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  statfsSync,
  statSync,
} from 'node:fs'
import { Failure } from '../failure.js'
import type { NamespaceIdentity } from './identity-schema.js'
import { nativeAddon } from './native-addon.js'
import { RouteSocket } from './netlink/route-socket.js'

/** Filesystem magic numbers of namespace files (linux/magic.h). */
const NSFS_MAGIC = 0x6e736673
const PROC_MAGIC = 0x9fa0

/** Whether the thread is in a sandbox. */
let isAway = false

/**
 * An open network namespace, of the host or a sandbox, and a rtnetlink socket in it. The namespace
 * stays alive until it is disposed. The thread is always in the host's namespace, except inside
 * `run`, which returns there.
 */
export class NetworkNamespace {
  #socket: RouteSocket | undefined

  private constructor(
    /** For error messages: "the host", or "sandbox /run/netns/x". */
    readonly name: string,
    readonly path: string,
    readonly fd: number,
    /** The namespace that the thread returns to; undefined for the host itself. */
    private readonly host?: NetworkNamespace,
  ) {}

  /** The namespace in which this process was started. */
  static host(): NetworkNamespace {
    const path = '/proc/self/ns/net'
    return new NetworkNamespace('the host', path, openSync(path, constants.O_RDONLY))
  }

  /**
   * Opens the sandbox at a path such as /run/netns/x. Call it on the host.
   * @throws Failure `sandbox-invalid` if there is no network namespace at the path
   */
  open(path: string): NetworkNamespace {
    // Checked before open(2): opening a FIFO, for example, would block.
    requireNamespaceFile(path)
    const sandbox = new NetworkNamespace(`sandbox ${path}`, path, openFile(path), this)
    try {
      sandbox.#socket = sandbox.run(() => RouteSocket.openHere())
      return sandbox
    } catch (error) {
      sandbox[Symbol.dispose]()
      throw error
    }
  }

  /** The rtnetlink socket of this namespace. */
  get socket(): RouteSocket {
    this.#socket ??= this.run(() => RouteSocket.openHere())
    return this.#socket
  }

  /** What distinguishes this namespace from every other one, for the records. */
  get identity(): NamespaceIdentity {
    const { dev, ino } = fstatSync(this.fd)
    return { device: dev, inode: ino }
  }

  /** Whether this is the namespace of a record. */
  is({ device, inode }: NamespaceIdentity): boolean {
    const own = this.identity
    return own.device === device && own.inode === inode
  }

  /** Whether a path leads to this namespace. */
  isAt(path: string): boolean {
    try {
      return isSameFile(fstatSync(this.fd), statSync(path))
    } catch {
      return false
    }
  }

  /** Whether both are the same namespace, whatever their paths. */
  equals(other: NetworkNamespace): boolean {
    return isSameFile(fstatSync(this.fd), fstatSync(other.fd))
  }

  /**
   * Runs `work` with the thread inside this namespace, and returns the thread to the host.
   * @throws Failure `sandbox-invalid` if this is a namespace of another type
   */
  run<T>(work: () => T): T {
    const { host } = this
    if (!host) {
      this.#comeBack()
      return work()
    }
    try {
      nativeAddon().enterNetworkNamespace(this.fd)
    } catch (error) {
      throw invalid(this.path, `not a network namespace: ${(error as Error).message}`)
    }
    // Until the thread is back: even that system call may fail.
    isAway = true
    try {
      return work()
    } finally {
      host.#comeBack()
    }
  }

  /** Brings the thread back to the host, where an earlier attempt failed. */
  #comeBack(): void {
    if (!isAway) return
    nativeAddon().enterNetworkNamespace(this.fd)
    isAway = false
  }

  [Symbol.dispose](): void {
    this.#socket?.[Symbol.dispose]()
    closeSync(this.fd)
  }
}

/** One path to each network namespace that is mounted in /run/netns or has a process. */
export function pathsOfAllNamespaces(): string[] {
  const named = entriesOf('/run/netns').map((name) => `/run/netns/${name}`)
  const ofProcesses = entriesOf('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((id) => `/proc/${id}/ns/net`)
  const paths = new Map<number, string>()
  for (const path of [...named, ...ofProcesses]) {
    const inode = inodeOf(path)
    if (inode !== undefined && !paths.has(inode)) paths.set(inode, path)
  }
  return [...paths.values()]
}

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

/** Undefined if the process has just ended. */
function inodeOf(path: string): number | undefined {
  try {
    return statSync(path).ino
  } catch {
    return undefined
  }
}

/** The device and inode number of a file, as stat(2) has them. */
type FileIdentity = Record<'dev' | 'ino', number>

function isSameFile(one: FileIdentity, other: FileIdentity): boolean {
  return one.dev === other.dev && one.ino === other.ino
}

function openFile(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY)
  } catch (error) {
    throw invalid(path, (error as Error).message)
  }
}

function requireNamespaceFile(path: string): void {
  let type: number
  try {
    type = statfsSync(path).type
  } catch (error) {
    throw invalid(path, `failed to Statfs: ${(error as Error).message}`)
  }
  if (type !== NSFS_MAGIC && type !== PROC_MAGIC)
    throw invalid(path, `unknown FS magic on ${JSON.stringify(path)}: ${type.toString(16)}`)
}

function invalid(path: string, reason: string): Failure {
  return new Failure('sandbox-invalid', `failed to open netns ${JSON.stringify(path)}: ${reason}`)
}
