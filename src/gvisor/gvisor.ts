import type { NetworkNamespace } from '../kernel/namespace.js'
import { addressRemoval, dumpAddresses } from '../kernel/netlink/address.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { note, warn } from '../log.js'
import { type AttachmentKey, bootId } from '../records/record.js'
import type { StateToApply } from '../state/carry.js'
import { asFaults } from '../state/verify.js'
import { readAcceptRa, restoreAcceptRa } from './accept-ra.js'
import { faultsOf, isStripped } from './check.js'
import { familiesWithDefault, fitForGvisor, warnOfObstacles } from './fit.js'
import { endKeeper, keeperOf, startKeeper } from './keeper-process.js'
import { prepareForL3 } from './l3.js'
import { familiesNeedingAddresses, linkKindOf, requireSupportedLink } from './link-support.js'
import { type GvisorRecords, gvisorRecords, recordAddresses } from './record.js'
import type { GvisorRecord, InterfaceAddress } from './record-schema.js'

/** What is asked for an interface of a gVisor sandbox. */
export interface GvisorRequest {
  stateDir: string
  key: AttachmentKey
  network: string
  sandboxPath: string
  /** How long gVisor may take to start; 0: no keeper, something else calls `keep`. */
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
   * Refuses a device that gVisor can get no packet from.
   * @throws Failure `device-refused`
   */
  requireSupportedLink(place: NetworkNamespace, link: Link): void {
    requireSupportedLink(linkKindOf(place.socket, link.index), link.name)
  }

  /**
   * Makes a state one that runsc starts with; what is left out is told in the end.
   * @param original the device as its routes name it
   * @param own the index of the interface in the sandbox, where it has no routes that stay
   */
  fit<T extends StateToApply>(
    sandbox: NetworkNamespace,
    state: T,
    original: Pick<Link, 'index'>,
    own?: number,
  ): T {
    const taken = familiesWithDefault(sandbox, own)
    const fit = fitForGvisor(state, original, this.request.key.nameInSandbox, taken)
    for (const { what, why } of fit.omissions) this.#omitted.set(what, why)
    return fit.state
  }

  /**
   * Takes away what was put back for a sandbox that ran here before: the kernel would
   * not have the same address again, with the routes that belong to it.
   * @param wanted what the interface is to have
   * @returns whether it has none of it
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
   * Notes what the interface has, and leaves a keeper where it would go deaf without.
   * @param reported the addresses to keep; left out, all that the interface has
   */
  keep(sandbox: NetworkNamespace, link: Link, reported?: string[]): void {
    const { key, network, sandboxPath, timeoutSeconds } = this.request
    this.#endEarlierKeeper()
    for (const [what, why] of this.#omitted)
      warn(`${link.name} is without ${what}, so that gVisor starts: ${why}`)
    const kind = linkKindOf(sandbox.socket, link.index)
    const namesProtocols = kind.ipvlanMode === 'l3' && prepareForL3(sandbox, link)
    const record: GvisorRecord = {
      format: 1,
      ...key,
      network,
      sandboxPath,
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

  /** Tells what another plugin gave the interface that runsc may refuse to start with. */
  warnOfObstacles(sandbox: NetworkNamespace, link: Link): void {
    warnOfObstacles(sandbox, link)
  }

  /**
   * What is wrong with an interface, for CHECK.
   * @param missing lists everything missing on the interface
   */
  faults(sandbox: NetworkNamespace, link: Link, missing: () => string[]): string[] {
    const record = this.#store.read(this.request.key)
    if (!record) return [...asFaults(missing()), 'nothing is noted of it for gVisor']
    return faultsOf(sandbox, link, record, missing)
  }

  /**
   * @returns the previous gVisor record
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
