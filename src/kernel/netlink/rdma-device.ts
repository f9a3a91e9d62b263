import { KernelError } from '../kernel-error.js'
import type { NetworkNamespace } from '../namespace.js'
import type { NativeError } from '../native-addon.js'
import { dataOf, decodeAttributes, text, toNumber, toText, u32 } from './attributes.js'
import { PROTOCOL } from './constants.js'
import type { Request } from './message.js'
import { NetlinkSocket } from './netlink-socket.js'

/** RDMA_NL_GET_TYPE of linux/rdma/rdma_netlink.h: the client is RDMA_NL_NLDEV, and the rest a command. */
const NLDEV = 5 << 10
/** RDMA_NLDEV_CMD_* of linux/rdma/rdma_netlink.h. */
const COMMAND = { get: 1, set: 2 } as const
/** RDMA_NLDEV_ATTR_* and RDMA_NLDEV_NET_NS_FD of linux/rdma/rdma_netlink.h. */
const ATTRIBUTE = { index: 1, name: 2, namespaceFd: 68 } as const
/** The kernel has not loaded RDMA. */
const EPROTONOSUPPORT = 93

/** An RDMA device. */
export interface RdmaDevice {
  /** Which no other one gets until the node is started again, whatever its name and namespace. */
  index: number
  /** Which no other one of the node has at the same time, whatever its namespace. */
  name: string
}

/**
 * The RDMA devices of a namespace; none where the kernel has not loaded RDMA.
 * @throws KernelError
 */
export function rdmaDevicesIn(namespace: NetworkNamespace): RdmaDevice[] {
  try {
    return withSocket(namespace, (socket) =>
      socket.dump(getRequest()).map(({ data }) => decodeRdmaDevice(data)),
    )
  } catch (error) {
    if (error instanceof KernelError && error.errno === EPROTONOSUPPORT) return []
    throw error
  }
}

/**
 * Moves an RDMA device to another namespace. The kernel ends whatever uses it: contexts of processes,
 * connections of its own.
 * @throws KernelError if the kernel refuses, or if the device is not in this namespace
 */
export function moveRdmaDevice(
  from: NetworkNamespace,
  to: NetworkNamespace,
  { index }: Pick<RdmaDevice, 'index'>,
): void {
  withSocket(from, (socket) => socket.request(moveRequest(index, to.fd)))
}

/** @throws KernelError */
export function renameRdmaDevice(namespace: NetworkNamespace, { index, name }: RdmaDevice): void {
  withSocket(namespace, (socket) => socket.request(renameRequest(index, name)))
}

export function getRequest(): Request {
  return requestFor(COMMAND.get, [])
}

export function moveRequest(index: number, namespaceFd: number): Request {
  return requestFor(COMMAND.set, [
    u32(ATTRIBUTE.index, index),
    u32(ATTRIBUTE.namespaceFd, namespaceFd),
  ])
}

export function renameRequest(index: number, name: string): Request {
  return requestFor(COMMAND.set, [u32(ATTRIBUTE.index, index), text(ATTRIBUTE.name, name)])
}

/** Decodes what follows the header of a message about an RDMA device. */
export function decodeRdmaDevice(data: Buffer): RdmaDevice {
  const attributes = decodeAttributes(data)
  const index = dataOf(attributes, ATTRIBUTE.index)
  const name = dataOf(attributes, ATTRIBUTE.name)
  return { index: index ? toNumber(index) : 0, name: name ? toText(name) : '' }
}

function requestFor(command: number, attributes: NonNullable<Request['attributes']>): Request {
  return { type: NLDEV + command, header: Buffer.alloc(0), attributes }
}

/**
 * Sends requests with the thread in the namespace: the kernel moves a device only from the namespace of
 * the thread that asks, whatever that of its socket.
 */
function withSocket<T>(namespace: NetworkNamespace, work: (socket: NetlinkSocket) => T): T {
  return namespace.run(() => {
    using socket = opened()
    return work(socket)
  })
}

function opened(): NetlinkSocket {
  try {
    return NetlinkSocket.openHere(PROTOCOL.rdma)
  } catch (error) {
    const { errno, syscall } = error as NativeError
    throw syscall === undefined ? error : new KernelError(errno, '', syscall)
  }
}
