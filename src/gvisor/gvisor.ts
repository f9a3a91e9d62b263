import type { NetworkNamespace } from '../kernel/namespace.js'
import { addressRemoval, dumpAddresses } from '../kernel/netlink/address.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { readSysctl, writeSysctl } from '../kernel/sysctl.js'
import { note, warnOfEach } from '../log.js'
import { type AttachmentKey, bootId } from '../records/record.js'
import type { StateToApply } from '../state/carry.js'
import { asFaults } from '../state/verify.js'
import { faultsOf, isStripped } from './check.js'
import { familiesWithDefault, fitForGvisor, warnOfObstacles } from './fit.js'
import { endKeeper, keeperOf, startKeeper } from './keeper-process.js'
import { prepareForL3 } from './l3.js'
import { familiesNeedingAddresses, linkKindOf, requireSupportedLink } from './link-support.js'
import { type GvisorRecords, gvisorRecords, recordAddresses } from './record.js'
import type { GvisorRecord, InterfaceAddress } from './record-schema.js'

/** Parameters of an interface in a gVisor sandbox. */
export interface GvisorRequest {
  stateDir: string
  key: AttachmentKey
  network: string
  sandboxPath: string
  /**
   * How long the address keeper waits for gVisor. 0: no address keeper, because a hook calls
   * `keep`.
   */
  timeoutSeconds: number
}

/** The part of an ADD that gVisor needs. */
export class Gvisor {
  readonly #store: GvisorRecords
  readonly #omitted = new Map<string, string>()

  constructor(private readonly request: GvisorRequest) {
    this.#store = gvisorRecords(request.stateDir)
  }

  /**
   * Refuses a device from which gVisor receives no packets.
   * @throws Failure `device-refused`
   */
  requireSupportedLink(namespace: NetworkNamespace, link: Link): void {
    requireSupportedLink(linkKindOf(namespace.socket, link.index), link.name)
  }

  /**
   * Reduces a state to what runsc accepts. `keep` warns about the omissions.
   * @param sandbox undefined for a new one
   * @param original the device whose index the routes use
   * @param own index of the interface in the sandbox, if its present routes do not count
   */
  fit<T extends StateToApply>(
    sandbox: NetworkNamespace | undefined,
    state: T,
    original: Pick<Link, 'index'>,
    own?: number,
  ): T {
    const taken = sandbox ? familiesWithDefault(sandbox, own) : []
    const fit = fitForGvisor(state, original, this.request.key.nameInSandbox, taken)
    for (const { what, why } of fit.omissions) this.#omitted.set(what, why)
    return fit.state
  }

  /**
   * Removes the /32 and /128 addresses that an earlier address keeper put back in this namespace:
   * adding the same address with its own prefix length would give EEXIST and no prefix route.
   * @param wanted addresses to be added
   * @returns whether the interface then has none of them
   */
  makeRoom(sandbox: NetworkNamespace, link: Link, wanted: InterfaceAddress[]): boolean {
    const { socket } = sandbox
    const earlier = this.#endEarlierKeeper()
    if (earlier && isStripped(sandbox, link, earlier)) restoreAcceptRa(sandbox, link, earlier)
    const lengths = new Map(wanted.map(({ local, prefixLength }) => [local, prefixLength]))
    const there = dumpAddresses(socket, link.index).filter(({ local }) => lengths.has(local))
    const inTheWay = there.filter(({ local, prefixLength }) => lengths.get(local) !== prefixLength)
    socket.requestAll(inTheWay.map((address) => addressRemoval(address, link.index)))
    return inTheWay.length === there.length
  }

  /**
   * Writes the gVisor record, and starts an address keeper if the device needs its addresses.
   * @param reported addresses to put back; default: all of the interface
   */
  keep(sandbox: NetworkNamespace, link: Link, reported?: string[]): void {
    const { key, network, sandboxPath, timeoutSeconds } = this.request
    this.#endEarlierKeeper()
    this.warnOfOmissions(link.name)
    const kind = linkKindOf(sandbox.socket, link.index)
    const namesProtocols = kind.ipvlanMode === 'l3' && prepareForL3(sandbox, link)
    const record: GvisorRecord = {
      format: 1,
      ...key,
      network,
      sandboxPath,
      sandbox: sandbox.identity,
      bootId: bootId(),
      interfaceIndex: link.index,
      ...recordAddresses(
        dumpAddresses(sandbox.socket, link.index),
        familiesNeedingAddresses(kind),
        reported,
      ),
      omitted: [...this.#omitted.keys()],
      namesProtocols,
      ...readAcceptRa(sandbox, link),
    }
    if (record.kept.length > 0 && timeoutSeconds > 0)
      record.keeper = keeperOf(startKeeper(sandbox, record, timeoutSeconds), timeoutSeconds)
    this.#write(record)
    note('info', `noted ${link.name} for gVisor`, () => ({ kind: kind.kind, record }))
  }

  /** Warns about what an interface goes without, so that gVisor starts. */
  warnOfOmissions(name: string): void {
    warnOfEach(
      [...this.#omitted].map(
        ([what, why]) => `${name} is without ${what}, so that gVisor starts: ${why}`,
      ),
    )
  }

  /** Warns about addresses and routes of another plugin that may keep runsc from starting. */
  warnOfObstacles(sandbox: NetworkNamespace, link: Link): void {
    warnOfObstacles(sandbox, link)
  }

  /**
   * Faults of an interface, for CHECK.
   * @param missing lists everything missing on the interface
   */
  faults(sandbox: NetworkNamespace, link: Link, missing: () => string[]): string[] {
    const record = this.#store.read(this.request.key)
    if (!record) return [...asFaults(missing()), 'nothing is noted of it for gVisor']
    return faultsOf(sandbox, link, record, missing)
  }

  /**
   * Ends the keeper of the previous gVisor record.
   * @returns that record, if there is one
   */
  #endEarlierKeeper(): GvisorRecord | undefined {
    const record = this.#store.read(this.request.key)
    if (record?.keeper) endKeeper(record.keeper)
    return record
  }

  /** If the record cannot be written, the address keeper is ended: DEL could not find it. */
  #write(record: GvisorRecord): void {
    try {
      this.#store.write(record)
    } catch (error) {
      if (record.keeper) endKeeper(record.keeper)
      throw error
    }
  }
}

const ACCEPT_RA = 'net.ipv6.conf.accept_ra'

/** The interface's accept_ra, for the gVisor record; empty if the kernel has no IPv6. */
function readAcceptRa(sandbox: NetworkNamespace, link: Link): Pick<GvisorRecord, 'acceptRa'> {
  try {
    return { acceptRa: sandbox.run(() => readSysctl(ACCEPT_RA, link.name).value) }
  } catch {
    return {}
  }
}

/** Resets accept_ra, which the address keeper set to 0, to the recorded value. */
function restoreAcceptRa(sandbox: NetworkNamespace, link: Link, { acceptRa }: GvisorRecord): void {
  if (acceptRa === undefined || readAcceptRa(sandbox, link).acceptRa !== '0') return
  sandbox.run(() => writeSysctl({ name: ACCEPT_RA, value: acceptRa }, link.name))
}
