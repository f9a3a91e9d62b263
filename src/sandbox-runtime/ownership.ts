import type { Address } from '../kernel/netlink/address-schema.js'
import type { Family } from '../kernel/netlink/common-schema.js'
import type { Keeping, OwnedAddress } from './keeping-schema.js'

export const SCOPE_GLOBAL = 0

/**
 * The addresses of an interface as they are noted.
 * @param deaf the families of which it would hear nothing without
 * @param reported the addresses to keep; left out, all that the interface has
 */
export function ownership(
  all: Address[],
  deaf: Family[],
  reported?: string[],
): Pick<Keeping, 'addresses' | 'kept'> {
  const kept = all
    .filter(({ scope, family }) => scope === SCOPE_GLOBAL && deaf.includes(family))
    .filter(({ local }) => reported?.includes(local) ?? true)
  return {
    addresses: all.map(owned),
    kept: kept.map((address) => ({ ...owned(address), prefixLength: longestPrefix(address) })),
  }
}

/** 32 or 128. */
export function longestPrefix({ family }: Pick<OwnedAddress, 'family'>): number {
  return family === 'inet' ? 32 : 128
}

function owned({ family, local, prefixLength }: OwnedAddress): OwnedAddress {
  return { family, local, prefixLength }
}
