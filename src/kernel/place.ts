import { RouteSocket } from './netlink/route-socket.js'
import { NetworkNamespace } from './network-namespace.js'

/** A network namespace with a routing socket into it: the host, or a sandbox. */
export class Place {
  private constructor(
    /** For messages: "the host", or "sandbox /run/netns/x". */
    readonly name: string,
    readonly namespace: NetworkNamespace,
    readonly socket: RouteSocket,
  ) {}

  /** The namespace this process was started in. */
  static host(): Place {
    return new Place('the host', NetworkNamespace.current(), RouteSocket.openHere())
  }

  /**
   * The sandbox at a path such as /run/netns/x.
   * @throws Failure `sandbox-invalid` when no network namespace is there
   */
  static sandbox(path: string, host: Place): Place {
    const namespace = NetworkNamespace.open(path)
    try {
      const socket = RouteSocket.openIn(namespace, host.namespace)
      return new Place(`sandbox ${path}`, namespace, socket)
    } catch (error) {
      namespace[Symbol.dispose]()
      throw error
    }
  }

  [Symbol.dispose](): void {
    this.socket[Symbol.dispose]()
    this.namespace[Symbol.dispose]()
  }
}
