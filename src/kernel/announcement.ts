import { addressBytes } from './ip-address.js'
import type { NetworkNamespace } from './namespace.js'
import { nativeAddon } from './native-addon.js'
import { hardwareAddressBytes, writeU16 } from './netlink/bytes.js'
import type { Link } from './netlink/link-schema.js'

/** Size of an Ethernet address. Devices with others, such as InfiniBand's, are not announced. */
const MAC_BYTES = 6

/** How many addresses one call announces: neighbours of more ask by themselves, later. */
const MOST_FRAMES = 64

/** How long a NIC may take to agree with its switch on a speed after it came up. */
const PATIENCE_MILLISECONDS = 10_000

/**
 * Announces addresses to the neighbours of a device, which may know them at another hardware
 * address: each once, as soon as the device has its carrier. Does not wait for that.
 * @param addresses IPv4 and IPv6 addresses, as text
 * @returns the addresses that will be announced
 * @throws Error if the kernel refuses
 */
export function announce(namespace: NetworkNamespace, device: Link, addresses: string[]): string[] {
  const mac = hardwareAddressBytes(device.hardwareAddress)
  if (mac.length !== MAC_BYTES || device.loopback) return []
  const announced = [...new Set(addresses)].slice(0, MOST_FRAMES)
  if (announced.length === 0) return []
  const frames = announced.map((address) => announcementOf(mac, addressBytes(address)))
  const list = Buffer.concat(frames.flatMap((frame) => [lengthOf(frame), frame]))
  namespace.run(() => nativeAddon().startAnnouncement(device.index, list, PATIENCE_MILLISECONDS))
  return announced
}

function lengthOf(frame: Buffer): Buffer {
  const length = Buffer.alloc(2)
  writeU16(length, frame.length, 0)
  return length
}

/**
 * The frame that announces an address: of IPv4 a gratuitous ARP request (RFC 5227, section 3), of
 * IPv6 an unsolicited neighbour advertisement (RFC 4861, section 7.2.6).
 */
export function announcementOf(mac: Buffer, address: Buffer): Buffer {
  return address.length === 4 ? arpRequest(mac, address) : neighborAdvertisement(mac, address)
}

const EVERYBODY = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff]
const NOBODY = [0, 0, 0, 0, 0, 0]

function arpRequest(mac: Buffer, address: Buffer): Buffer {
  return Buffer.from([
    ...[...EVERYBODY, ...mac, 0x08, 0x06],
    // Ethernet, IPv4, the sizes of both addresses, a request.
    ...[0, 1, 0x08, 0x00, 6, 4, 0, 1],
    ...[...mac, ...address, ...NOBODY, ...address],
  ])
}

/** ff02::1, and the hardware address of that group. */
const ALL_NODES = [0xff, 0x02, ...new Array(13).fill(0), 0x01]
const ALL_NODES_MAC = [0x33, 0x33, 0, 0, 0, 1]

const ICMPV6 = 58
const ADVERTISEMENT = 136
/** Neighbours are to replace what they know. */
const OVERRIDE = 0x20
const TARGET_HARDWARE_ADDRESS = 2

function neighborAdvertisement(mac: Buffer, address: Buffer): Buffer {
  const message = [
    ...[ADVERTISEMENT, 0, 0, 0, OVERRIDE, 0, 0, 0],
    ...[...address, TARGET_HARDWARE_ADDRESS, 1, ...mac],
  ]
  const size = [message.length >> 8, message.length & 0xff]
  const sum = checksum([...address, ...ALL_NODES, 0, 0, ...size, 0, 0, 0, ICMPV6, ...message])
  message[2] = sum >> 8
  message[3] = sum & 0xff
  const hopLimit = 255
  return Buffer.from([
    ...[...ALL_NODES_MAC, ...mac, 0x86, 0xdd],
    ...[0x60, 0, 0, 0, ...size, ICMPV6, hopLimit, ...address, ...ALL_NODES, ...message],
  ])
}

/** The Internet checksum (RFC 1071) of an even number of bytes. */
function checksum(bytes: number[]): number {
  let sum = 0
  for (let n = 0; n < bytes.length; n += 2) sum += ((bytes[n] ?? 0) << 8) | (bytes[n + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16)
  return ~sum & 0xffff
}
