import isGvisorRecord from '../../build/check-gvisor-record.js'
import type { Address } from '../kernel/netlink/address-schema.js'
import type { Family } from '../kernel/netlink/common-schema.js'
import { SCOPE } from '../kernel/netlink/constants.js'
import { privateDirectory } from '../records/durable-file.js'
import { type RecordKind, RecordStore } from '../records/store.js'
import type { GvisorRecord, InterfaceAddress } from './record-schema.js'
import { GVISOR_DIRECTORY } from './release.js'

/** The gVisor records of a state directory. */
export type GvisorRecords = RecordStore<GvisorRecord>

const KIND: RecordKind<GvisorRecord> = {
  directory: GVISOR_DIRECTORY,
  format: 1,
  keyOf: (record) => record,
  isRecord: isGvisorRecord,
  // There is no earlier format.
  upgrade: () => undefined,
}

/** @throws Failure `state-unusable` if others can write to the state directory */
export function gvisorRecords(stateDirectory: string): GvisorRecords {
  privateDirectory(stateDirectory, GVISOR_DIRECTORY)
  return new RecordStore(stateDirectory, KIND)
}

/**
 * The `addresses` and `kept` of a gVisor record.
 * @param families those that need their addresses (`familiesNeedingAddresses`)
 * @param reported addresses to put back; default: all of these families
 */
export function recordAddresses(
  all: Address[],
  families: Family[],
  reported?: string[],
): Pick<GvisorRecord, 'addresses' | 'kept'> {
  const kept = all
    .filter(({ scope, family }) => scope === SCOPE.universe && families.includes(family))
    .filter(({ local }) => reported?.includes(local) ?? true)
  return {
    addresses: all.map(interfaceAddress),
    kept: kept.map((address) => ({
      ...interfaceAddress(address),
      prefixLength: longestPrefix(address),
    })),
  }
}

/** The prefix length of a single address: 32 or 128. */
export function longestPrefix({ family }: Pick<InterfaceAddress, 'family'>): number {
  return family === 'inet' ? 32 : 128
}

function interfaceAddress({ family, local, prefixLength }: InterfaceAddress): InterfaceAddress {
  return { family, local, prefixLength }
}
