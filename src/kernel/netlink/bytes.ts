// The only import of the codec package: for each file with one, the bundle would copy all
// hundred names of the package at every start.
import * as codec from 'netlink/dist/structs'

export type { NetlinkMessage } from 'netlink/dist/structs'

/** Bytes of the header before every message, struct nlmsghdr (linux/netlink.h). */
export const HEADER_BYTES = codec.HEADER_LENGTH

/** The messages in a run of bytes, one after the other; their data are views of it. */
export const parseMessages = codec.parseMessages

/** A length rounded up to where the next message or attribute begins: a multiple of four. */
export function align(length: number): number {
  return (length + 3) & ~3
}

// Taken once: where they are used below, the bundle would look each up in the package again.
const [u8At, u16At, u32At, s32At] = [codec.readU8, codec.readU16, codec.readU32, codec.readS32]
const [putU16, putU32, putS32] = [codec.writeU16, codec.writeU32, codec.writeS32]

/** Numbers in a message are in the byte order of the machine, at an offset in bytes. */
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
