import { fstatSync, statSync } from 'node:fs'
import { closeDescriptor } from './descriptor.js'
import type { NamespaceIdentity } from './identity-schema.js'
import {
  openFoundNamespaceFile,
  openNamespaceFile,
  openOwnNamespace,
  sandboxGone,
  sandboxInvalid,
} from './namespace-file.js'
import { NamespaceSysfs } from './namespace-sysfs.js'
import { type NativeError, nativeAddon } from './native-addon.js'
import { NetlinkSocket } from './netlink/netlink-socket.js'

/** setns(2) of a file that is no network namespace. */
const EINVAL = 22

/** Whether the thread is in a sandbox. */
let isAway = false

/**
 * An open network namespace, of the host or a sandbox, and a rtnetlink socket in it. The namespace
 * stays alive until it is disposed. The thread is always in the host's namespace, except inside
 * `run`, which returns there.
 */
export class NetworkNamespace {
  #socket: NetlinkSocket | undefined
  /** Undefined: not opened yet. Null: not to be had. */
  #sysfs: NamespaceSysfs | null | undefined
  #identity: NamespaceIdentity | undefined

  private constructor(
    /** For error messages: "the host", or "sandbox /run/netns/x". */
    readonly name: string,
    readonly path: string,
    readonly fd: number,
    /** The namespace that the thread returns to; undefined for the host itself. */
    private readonly host?: NetworkNamespace,
  ) {}

  /**
   * The namespace in which this process was started.
   * @throws Failure `state-unusable` where /proc is not mounted
   */
  static host(): NetworkNamespace {
    const path = '/proc/self/ns/net'
    return new NetworkNamespace('the host', path, openOwnNamespace(path))
  }

  /**
   * Opens the sandbox at a path such as /run/netns/x. Call it on the host.
   * @throws Failure `sandbox-gone` if there is no network namespace at the path, `sandbox-invalid`
   *   if there may be one, but it cannot be opened
   */
  open(path: string): NetworkNamespace {
    return this.#enterable(path, openNamespaceFile(path))
  }

  /** Does the same with a path that a pod may own, as those of all namespaces. */
  openFound(path: string): NetworkNamespace {
    return this.#enterable(path, openFoundNamespaceFile(path))
  }

  #enterable(path: string, fd: number): NetworkNamespace {
    const sandbox = new NetworkNamespace(`sandbox ${path}`, path, fd, this)
    try {
      sandbox.#socket = sandbox.run(() => NetlinkSocket.openHere())
      return sandbox
    } catch (error) {
      sandbox[Symbol.dispose]()
      throw error
    }
  }

  /** The rtnetlink socket of this namespace. */
  get socket(): NetlinkSocket {
    this.#socket ??= this.run(() => NetlinkSocket.openHere())
    return this.#socket
  }

  /** The sysfs of this namespace; undefined if this kernel or this process cannot have it. */
  get sysfs(): NamespaceSysfs | undefined {
    if (this.#sysfs === undefined) this.#sysfs = this.run(() => NamespaceSysfs.openHere()) ?? null
    return this.#sysfs ?? undefined
  }

  /**
   * Closes the sysfs, which is opened again where it is needed. The kernel waits for an RCU grace
   * period meanwhile, so a call does it while it waits for something else.
   */
  closeSysfs(): void {
    this.#sysfs?.[Symbol.dispose]()
    this.#sysfs = undefined
  }

  /** What distinguishes this namespace from every other one, for the records. */
  get identity(): NamespaceIdentity {
    this.#identity ??= this.#readIdentity()
    return this.#identity
  }

  /**
   * Whether this is the namespace of a record. Two namespaces may have had the same inode number,
   * one after the other, but not the same cookie.
   */
  is({ device, inode, cookie }: NamespaceIdentity): boolean {
    const own = this.identity
    if (own.device !== device || own.inode !== inode) return false
    return cookie === undefined || own.cookie === undefined || own.cookie === cookie
  }

  #readIdentity(): NamespaceIdentity {
    const { dev, ino } = fstatSync(this.fd)
    const cookie = nativeAddon().namespaceCookie(this.socket.fd)
    return { device: dev, inode: ino, ...(cookie === 0 ? {} : { cookie }) }
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
   * @throws Failure `sandbox-gone` if this is a namespace of another type
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
      const { errno, message } = error as NativeError
      throw errno === EINVAL
        ? sandboxGone(this.path, `not a network namespace: ${message}`)
        : sandboxInvalid(this.path, message)
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
    this.closeSysfs()
    closeDescriptor(this.fd)
  }
}

/** The device and inode number of a file, as stat(2) has them. */
type FileIdentity = Record<'dev' | 'ino', number>

function isSameFile(one: FileIdentity, other: FileIdentity): boolean {
  return one.dev === other.dev && one.ino === other.ino
}
