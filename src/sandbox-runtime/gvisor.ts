import type { AttachmentKey } from '../attachments/attachment-key.js'
import type { NetworkNamespace } from '../kernel/namespace.js'
import { addressRemoval, dumpAddresses } from '../kernel/netlink/address.js'
import { linkKindOf } from '../kernel/netlink/link-kind.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { note, warn } from '../log.js'
import { fitForGvisor } from '../network-state/fit-for-gvisor.js'
import type { StateToApply } from '../state/carry.js'
import { asFaults } from '../state/verify.js'
import { notedAcceptRa, restoreAcceptRa } from './accept-ra.js'
import { deafFamilies, requireAudible } from './deaf-kinds.js'
import { familiesWithDefault, warnOfObstacles } from './default-routes.js'
import { endKeeper, keeperOf, startKeeper } from './keeper-process.js'
import type { Keeping, OwnedAddress } from './keeping-schema.js'
import { KeepingStore } from './keeping-store.js'
import { ownership } from './ownership.js'
import { makeReadyForL3 } from './ready-for-l3.js'
import { faultsOf, isStripped } from './verify-keeping.js'

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
  readonly #store: KeepingStore
  readonly #omitted = new Map<string, string>()

  constructor(private readonly request: GvisorRequest) {
    this.#store = new KeepingStore(request.stateDir)
  }

  /**
   * Refuses a device that gVisor can get no packet from.
   * @throws Failure `device-refused`
   */
  requireAudible(place: NetworkNamespace, link: Link): void {
    requireAudible(linkKindOf(place.socket, link.index), link.name)
  }

  /**
   * Makes a state one that runsc starts with; what is left out is told in the end.
   * @param former the device as its routes name it
   * @param own the index of the interface in the sandbox, where it has no routes that stay
   */
  fit<T extends StateToApply>(
    sandbox: NetworkNamespace,
    state: T,
    former: Pick<Link, 'index'>,
    own?: number,
  ): T {
    const taken = familiesWithDefault(sandbox, own)
    const fit = fitForGvisor(state, former, this.request.key.nameInSandbox, taken)
    for (const { what, why } of fit.omissions) this.#omitted.set(what, why)
    return fit.state
  }

  /**
   * Takes away what was put back for a sandbox that ran here before: the kernel would
   * not have the same address again, with the routes that belong to it.
   * @param wanted what the interface is to have
   * @returns whether it has none of it
   */
  makeRoom(
    host: NetworkNamespace,
    sandbox: NetworkNamespace,
    link: Link,
    wanted: OwnedAddress[],
  ): boolean {
    const { socket } = sandbox
    const former = this.#endFormerKeeper()
    if (former && isStripped(sandbox, link, former)) restoreAcceptRa(host, sandbox, link, former)
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
  keep(host: NetworkNamespace, sandbox: NetworkNamespace, link: Link, reported?: string[]): void {
    const { key, network, sandboxPath, timeoutSeconds } = this.request
    this.#endFormerKeeper()
    for (const [what, why] of this.#omitted)
      warn(`${link.name} is without ${what}, so that gVisor starts: ${why}`)
    const kind = linkKindOf(sandbox.socket, link.index)
    const namesProtocols = kind.ipvlanMode === 'l3' && makeReadyForL3(sandbox, link)
    const keeping: Keeping = {
      ...{ format: 1, ...key, network, sandboxPath, interfaceIndex: link.index },
      ...ownership(dumpAddresses(sandbox.socket, link.index), deafFamilies(kind), reported),
      omitted: [...this.#omitted.keys()],
      ...{ namesProtocols, ...notedAcceptRa(host, sandbox, link) },
    }
    if (keeping.kept.length > 0 && timeoutSeconds > 0)
      keeping.keeper = keeperOf(startKeeper(host, sandbox, keeping, timeoutSeconds), timeoutSeconds)
    this.#write(keeping)
    note('info', `noted ${link.name} for gVisor`, () => ({ kind: kind.kind, keeping }))
  }

  /** Tells what another plugin gave the interface that runsc may refuse to start with. */
  warnOfObstacles(sandbox: NetworkNamespace, link: Link): void {
    warnOfObstacles(sandbox, link)
  }

  /**
   * What is wrong with an interface, for CHECK.
   * @param missing looks for all that should be there
   */
  faults(sandbox: NetworkNamespace, link: Link, missing: () => string[]): string[] {
    const keeping = this.#store.read(this.request.key)
    if (!keeping) return [...asFaults(missing()), 'nothing is noted of it for gVisor']
    return faultsOf(sandbox, link, keeping, missing)
  }

  /** @returns what was noted of the interface so far */
  #endFormerKeeper(): Keeping | undefined {
    const former = this.#store.read(this.request.key)
    if (former?.keeper) endKeeper(former.keeper)
    return former
  }

  /** A keeper that nobody remembers could not be ended by DEL. */
  #write(keeping: Keeping): void {
    try {
      this.#store.write(keeping)
    } catch (error) {
      if (keeping.keeper) endKeeper(keeping.keeper)
      throw error
    }
  }
}
