// The only import of the codec package, of which the build takes what is used (tools/codec-plugin.mjs).
import * as codec from 'netlink/dist/structs'

/** Size of struct nlmsghdr, the header of every message (linux/netlink.h). */
export const HEADER_BYTES = codec.HEADER_LENGTH

/** Rounds a length up to a multiple of four, where the next message or attribute begins. */
export function align(length: number): number {
  return (length + 3) & ~3
}

/**
 * The 32-bit words of a datagram: headers and attributes begin at a word each. To read a word of
 * an array is a tenth of the work of a call, where a table has hundred thousands of messages.
 * @param bytes begin at a word of their memory, as what the kernel sent does
 */
export function wordsOf(bytes: Buffer): Uint32Array {
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2)
}

/** By how many bits the two 16-bit numbers of a word are shifted in it: the first, the second. */
export const [FIRST_HALF, SECOND_HALF] =
  new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? ([0, 16] as const) : ([16, 0] as const)

const [u8At, u16At, u32At, s32At] = [codec.readU8, codec.readU16, codec.readU32, codec.readS32]
const [putU16, putU32, putS32] = [codec.writeU16, codec.writeU32, codec.writeS32]

/** Reads a number at an offset in bytes. Numbers in messages have the machine's byte order. */
export function readU8(bytes: Buffer, at: number): number {
  return u8At.call(bytes, at)
}

export function readU16(bytes: Buffer, at: number): number {
  return u16At.call(bytes, at)
}

export function readU32(bytes: Buffer, at: number): number {
  return u32At.call(bytes, at)
}

export function readS32(bytes: Buffer, at: number): number {
  return s32At.call(bytes, at)
}

export function writeU16(bytes: Buffer, value: number, at: number): void {
  putU16.call(bytes, value, at)
}

export function writeU32(bytes: Buffer, value: number, at: number): void {
  putU32.call(bytes, value, at)
}

export function writeS32(bytes: Buffer, value: number, at: number): void {
  putS32.call(bytes, value, at)
}

/** A byte in hexadecimal after a colon, by its value. */
const AFTER_COLON = Array.from(
  { length: 256 },
  (_, byte) => `:${byte.toString(16).padStart(2, '0')}`,
)

/** Formats a hardware address: "02:00:00:00:00:01". The length depends on the device type. */
export function hardwareAddressText(address: Buffer): string {
  let text = ''
  for (const byte of address) text += AFTER_COLON[byte]
  return text.slice(1)
}

/** The bytes of such a text. */
export function hardwareAddressBytes(text: string): Buffer {
  return Buffer.from(text.replaceAll(':', ''), 'hex')
}
