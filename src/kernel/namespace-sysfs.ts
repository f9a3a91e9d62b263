import { readFileSync, readlinkSync, statSync } from 'node:fs'
import { closeDescriptor } from './descriptor.js'
import type { DeviceIdentity } from './identity-schema.js'
import { pathOfText } from './kernel-text.js'
import { nativeAddon } from './native-addon.js'
import { readU32 } from './netlink/bytes.js'
import { OWN_LINKS } from './sysfs.js'

/** A device as a link has it. */
type Named = { name: string; index: number }

/** A device that was made on another one. */
export interface MadeDevice {
  index: number
  /** As in its identity; that of a younger device is greater. */
  inode: number
}

/**
 * The sysfs of a network namespace: the kernel's own list of the devices there. It is not /sys,
 * which may be that of another namespace, but a mount attached to no directory.
 */
export class NamespaceSysfs {
  private constructor(private readonly fd: number) {}

  /**
   * Mounts the sysfs of the thread's namespace.
   * @returns undefined if the kernel (before Linux 5.2) or the rights of this process do not allow it
   * @throws NativeError if it fails for another reason
   */
  static openHere(): NamespaceSysfs | undefined {
    const fd = nativeAddon().openSysfs()
    return fd < 0 ? undefined : new NamespaceSysfs(fd)
  }

  /** The identity of a device; undefined if the device of this name and index is not there. */
  identityOf({ name, index }: Named): DeviceIdentity | undefined {
    const path = this.#pathOf(name)
    const directoryPath = pathOfText(path)
    try {
      const directory = readlinkSync(directoryPath)
        .replace(/^(\.\.\/)+/, '')
        .replace(/\/[^/]*$/, '')
      const inode = statSync(directoryPath).ino
      return indexIn(path) === index ? { inode, directory } : undefined
    } catch (error) {
      if (isAbsence(error)) return undefined
      throw error
    }
  }

  /**
   * The devices of this namespace that were made on a device that is here, such as a macvlan; not the
   * bridge or bond it is a port of. Whatever they are named, and whatever the device is named by now.
   * @throws NativeError, also if devices here are renamed faster than they can be read
   */
  devicesOn({ name, index }: Named, { directory, inode }: DeviceIdentity): MadeDevice[] {
    const list = (path: string) => nativeAddon().listDevices(this.fd, path, inode)
    return madeOn(index, list(`${directory}/${name}`) ?? list(directory))
  }

  /**
   * The devices of this namespace that were made on one of this index, which may be in another
   * namespace: or on another one with this index.
   */
  devicesOnIndex(index: number): MadeDevice[] {
    return madeOn(index, nativeAddon().listDevices(this.fd, 'class/net', 0))
  }

  /**
   * Looks for a device, whatever its name is now.
   * @returns its present index, 0 if it is not in this namespace; and how many devices of this
   *   namespace have the same directory
   * @throws NativeError, also if devices there are renamed faster than they can be read
   */
  find({ directory, inode }: DeviceIdentity): { index: number; count: number } {
    return nativeAddon().findDevice(this.fd, directory, inode)
  }

  /**
   * The directory that a device is in, or was: its inode number, and the number of devices that all
   * namespaces together have there. Each is a subdirectory, and the kernel counts those that it does
   * not show here, too. Both are 0 where there is no such directory.
   */
  directoryOf({ directory }: DeviceIdentity): { inode: number; count: number } {
    try {
      const { ino, nlink } = statSync(`/proc/self/fd/${this.fd}/${directory}`)
      return { inode: ino, count: nlink - OWN_LINKS }
    } catch (error) {
      if (isAbsence(error)) return { inode: 0, count: 0 }
      throw error
    }
  }

  #pathOf(name: string): string {
    return `/proc/self/fd/${this.fd}/class/net/${name}`
  }

  [Symbol.dispose](): void {
    closeDescriptor(this.fd)
  }
}

function madeOn(beneath: number, listed: Buffer = Buffer.alloc(0)): MadeDevice[] {
  const made: MadeDevice[] = []
  for (let at = 0; at < listed.length; at += 16) {
    const index = readU32(listed, at)
    const inode = readU32(listed, at + 8) + readU32(listed, at + 12) * 2 ** 32
    if (readU32(listed, at + 4) === beneath && index !== beneath) made.push({ index, inode })
  }
  return made
}

/** The index of the device whose directory this is. */
function indexIn(directory: string): number {
  return Number(readFileSync(pathOfText(`${directory}/ifindex`), 'utf8'))
}

function isAbsence(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}
