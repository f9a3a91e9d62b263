import { bytesOfText } from '../kernel/kernel-text.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import { nativeAddon } from '../kernel/native-addon.js'
import { readU32, writeU32 } from '../kernel/netlink/bytes.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { warn } from '../log.js'
import type { LentDevice } from './lent-device-schema.js'

/** Bytes of 32 features in what the addon reads: the mask, and those that are asked for. */
const BLOCK_BYTES = 8
const MASK_BYTES = 4

/**
 * The features (offloads, `ethtool --show-features`) that are asked for of a device of the host, 32
 * in each number.
 * @returns undefined if its driver, or the kernel, does not tell
 */
export function featuresOf(host: NetworkNamespace, device: Link): number[] | undefined {
  const blocks = read(host, device)
  return blocks && eachBlock(blocks, (at) => readU32(blocks, at + MASK_BYTES))
}

/**
 * Gives a device that is home the features that it had. A driver may not be able to have each of
 * them now, for the sake of others: the kernel then gives it those as soon as it can.
 */
export function restoreFeatures(
  host: NetworkNamespace,
  { features }: LentDevice,
  home: Link,
): void {
  const blocks = features && read(host, home)
  if (!blocks || eachBlock(blocks, () => 0).length !== features.length) return
  const wanted = Buffer.alloc(blocks.length)
  eachBlock(blocks, (at) => {
    const had = features[at / BLOCK_BYTES] ?? 0
    const differing = (had ^ readU32(blocks, at + MASK_BYTES)) & readU32(blocks, at)
    writeU32(wanted, differing >>> 0, at)
    writeU32(wanted, (had & differing) >>> 0, at + MASK_BYTES)
  })
  if (wanted.every((byte) => byte === 0)) return
  try {
    nativeAddon().changeFeatures(host.socket.fd, nameOf(home), wanted)
  } catch (error) {
    const reason = (error as Error).message
    warn(`${home.name} is home with other features (offloads) than it had: ${reason}`)
  }
}

/** Anyone may ask; but not each driver answers, above all while its device is down. */
function read({ socket }: NetworkNamespace, device: Link): Buffer | undefined {
  try {
    return nativeAddon().readFeatures(socket.fd, nameOf(device))
  } catch {
    return undefined
  }
}

function nameOf({ name }: Link): Buffer {
  return bytesOfText(`${name}\0`)
}

function eachBlock<T>(blocks: Buffer, take: (at: number) => T): T[] {
  return Array.from({ length: blocks.length / BLOCK_BYTES }, (_, n) => take(n * BLOCK_BYTES))
}
