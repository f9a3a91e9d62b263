import addonBytes from '../../build/native-addon.node'
import { inAnonymousFile } from './anonymous-file.js'

/** The functions of `native/functions/`. A failed system call throws a `NativeError`. */
export interface NativeAddon {
  /** Moves the calling thread into the network namespace open as `fd`. */
  enterNetworkNamespace(fd: number): void
  /**
   * Opens a netlink socket of a protocol (NETLINK_*) in the current namespace; send and receive time
   * out after the given time.
   */
  openNetlinkSocket(protocol: number, timeoutMilliseconds: number): number
  /** Sets a socket's send and receive timeouts. */
  setSocketTimeout(fd: number, timeoutMilliseconds: number): void
  /**
   * The cookie of the network namespace of a socket: no other namespace gets the same until the
   * node is started again. 0 before Linux 5.14.
   */
  namespaceCookie(fd: number): number
  /**
   * Mounts the sysfs of the current network namespace, attached to no directory; returns a
   * descriptor of its root, or -1 if this kernel or this process cannot.
   */
  openSysfs(): number
  /**
   * Looks in a sysfs, in a directory of network devices such as "devices/virtual/net", for the
   * device whose own directory has this inode number.
   * @returns the device's index, 0 if it is not there, and how many devices are there
   */
  findDevice(sysfs: number, directory: string, inode: number): { index: number; count: number }
  /**
   * Lists devices in a sysfs: those above the device whose own directory has this inode number, which were
   * made on it or have it as a port; with 0, all that are links in a directory such as "class/net".
   * @param path of that device's directory, or of the directory in which that is
   * @returns for each four numbers of 32 bits: its index, that of the device it was made on or else its
   *   own, and the lower and the upper half of its inode number; undefined if the device is not there
   */
  listDevices(sysfs: number, path: string, inode: number): Buffer | undefined
  /**
   * The inode number of the namespace, of any kind, to which a path leads; 0 if it leads to something
   * else. No server of a file system is asked, which might never answer.
   */
  namespaceInode(path: string): number
  /**
   * Whether two threads have the same table of open files. False where the kernel or the rights of this
   * process do not tell.
   */
  shareFiles(one: number, other: number): boolean
  /** Sends netlink messages in one datagram and returns all answers, concatenated. */
  transact(fd: number, request: Buffer): Buffer
  /**
   * Like `transact`, but hands on each datagram of the answers as it comes, and keeps none. What
   * `take` throws is thrown once all have come.
   */
  transactInParts(fd: number, request: Buffer, take: (datagram: Buffer) => void): void
  /** Like `transact`, on a thread of its own. */
  startTransaction(fd: number, request: Buffer): Transaction
  /** Waits for a transaction's answers. Call it once for each transaction. */
  finishTransaction(transaction: Transaction): Buffer
  /**
   * Takes a flock(2) without waiting.
   * @param operation one of `LOCK` in descriptor.ts
   * @returns false if another process has it
   */
  tryLock(fd: number, operation: number): boolean
  /** The names of the next entries of an open directory, each with a slash behind it; '' at the end. */
  nextEntries(fd: number): string
  /**
   * Starts an executable file in the background, in a new session, with an empty environment,
   * /dev/null as standard streams, and `files` as descriptors 3, 4, …
   * @param title its title in `ps`
   * @returns its process id
   */
  startProgram(program: number, title: string, files: number[]): number
  /**
   * Starts a process that sends frames, once each, from a device of the current namespace as soon as
   * it has its carrier, and an IPv6 frame as soon as its source can be used. It ends by then, when
   * the device leaves, or when the time is over.
   * @param frames each after two bytes with its length, in the machine's order; 64 at most
   * @returns its process id
   */
  startAnnouncement(index: number, frames: Buffer, milliseconds: number): number
  /** Waits for a started program to end; returns its exit status, or -1 if a signal ended it. */
  waitForProgram(pid: number): number
  /** Opens a process (pidfd_open); -1 if there is none of that id, or before Linux 5.3. */
  openProcess(pid: number): number
  /** Kills an open process: that one, whoever has its id now. */
  killProcess(fd: number): void
  /** Waits for SIGTERM or SIGINT, also as the first process of a container. */
  waitForTermination(): void
  /**
   * The tcx programs of a device in the thread's network namespace; none where the kernel has no
   * tcx (before Linux 6.6), or does not tell this process.
   * @param type 46 for ingress, 47 for egress
   * @returns two numbers of 32 bits for each: the program's id, and that of the link that holds it,
   *   or 0
   */
  tcxPrograms(index: number, type: number): Buffer
  /** Detaches a tcx program that no link holds. */
  detachTcx(index: number, type: number, program: number): void
  /** Detaches what a link holds, whoever has that link. */
  detachLink(link: number): void
  /** The id of the link that holds an XDP program on a device, or 0. */
  findXdpLink(index: number, program: number): number
  /**
   * The features (offloads) of a device in the namespace of a socket.
   * @param name with its closing zero byte
   * @returns two numbers of 32 bits for each 32 features: a mask of those that can be changed, and
   *   those that are asked for
   */
  readFeatures(fd: number, name: Buffer): Buffer
  /** Asks for the features of the masks, on or off; there are as many numbers as were read. */
  changeFeatures(fd: number, name: Buffer, wanted: Buffer): void
  /** inet_ntop(3) of 4 or 16 bytes. */
  addressText(bytes: Buffer): string
  /** inet_pton(3); throws a TypeError if the text is not an address. */
  addressBytes(text: string): Buffer
  /**
   * The bytes in which messages differ from a model: of all from `at` on, one behind the other, that
   * differ from it in nothing but `size` bytes at `from`. Undefined if the first one does not.
   */
  differences(
    bytes: Buffer,
    at: number,
    model: Buffer,
    from: number,
    size: number,
  ): Buffer | undefined
  /**
   * Passes by routes of a datagram that share their destination with none that is wanted, other than
   * one that the kernel gives every device (fe80::/64, ff00::/8). A route is wanted that has one of
   * the attributes in `wanted`, which are one behind the other, or a nexthop through a device that one
   * of these (RTA_OIF) names, or that names no device but a nexthop object.
   * @param before where the message before begins; `at` if nothing is to be compared with it
   * @returns where the first message begins that is not passed by. None is of the last destination in
   *   the datagram: more of it may come in the next
   */
  passRoutes(bytes: Buffer, before: number, at: number, wanted: Buffer): number
  /** Whether the route at this place of a datagram is wanted. */
  isWantedRoute(bytes: Buffer, at: number, wanted: Buffer): boolean
  /**
   * A number that is the same for the same routes in a datagram, in whatever order and without the time
   * that they have left. Only those count that have one of the attributes in `wanted`, which are one
   * behind the other, or a nexthop through a device that one of these (RTA_OIF) names; all, if there are
   * none. One without a destination counts as if it had RTA_DST with sixteen zeros.
   */
  digestOfRoutes(bytes: Buffer, wanted: Buffer): number
  /** Addresses of `size` bytes each (4 or 16), one after the other, as text with a space between. */
  addressListText(bytes: Buffer, size: number): string
  /** The bytes of such a text; throws a TypeError if it is anything else. */
  addressListBytes(text: string): Buffer
  /** strerror(3), e.g. "File exists" for 17. */
  describeErrno(errno: number): string
}

/** Handle of a started request; opaque to JavaScript. */
export type Transaction = { readonly brand: unique symbol }

/** Error thrown by the addon. */
export interface NativeError extends Error {
  errno: number
  syscall: string
}

let loaded: NativeAddon | undefined

/** The addon. The first call loads it. */
export function nativeAddon(): NativeAddon {
  loaded ??= load()
  return loaded
}

function load(): NativeAddon {
  return inAnonymousFile('load the native addon', addonBytes, (fd) => {
    const module: { exports: unknown } = { exports: {} }
    process.dlopen(module, `/proc/self/fd/${fd}`)
    return module.exports as NativeAddon
  })
}
