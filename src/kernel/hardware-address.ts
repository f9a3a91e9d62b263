/** Formats a hardware address: "02:00:00:00:00:01". The length depends on the device type. */
export function hardwareAddressText(address: Buffer): string {
  return [...address].map((byte) => byte.toString(16).padStart(2, '0')).join(':')
}

export function hardwareAddressBytes(text: string): Buffer {
  return Buffer.from(text.replaceAll(':', ''), 'hex')
}
