import { readFileSync } from 'node:fs'

/** Whether this process has a capability, by its number; so it is taken to be where /proc does not say. */
export function hasCapability(number: bigint): boolean {
  try {
    const [, mask = 'f'.repeat(16)] =
      /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
    return ((BigInt(`0x${mask}`) >> number) & 1n) === 1n
  } catch {
    return true
  }
}
