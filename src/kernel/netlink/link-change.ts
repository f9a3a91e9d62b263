import { type Attribute, bytes, text, u32 } from './attributes.js'
import { RTM } from './constants.js'
import { IFF_UP, IFLA, linkHeader } from './link.js'
import type { Request } from './message.js'
import type { RouteSocket } from './route-socket.js'

/** Changes to a device; absent members stay as they are. */
export interface LinkChange {
  name?: string
  /** An empty string removes the alias. */
  alias?: string
  up?: true
  /** The namespace to move the device to, as an open file. */
  namespaceFd?: number
}

/**
 * Changes a device in one message. The kernel moves it first, then renames it, sets the alias and
 * brings it up. It does not undo earlier steps if a later one fails.
 * @throws KernelError when the kernel refuses
 */
export function changeLink(socket: RouteSocket, index: number, change: LinkChange): void {
  socket.request(linkRequest(index, change))
}

/**
 * Like `changeLink`, without waiting.
 * @returns waits until it is done; to be called once. Throws KernelError
 */
export function startLinkChange(
  socket: RouteSocket,
  index: number,
  change: LinkChange,
): () => void {
  return socket.start(linkRequest(index, change))
}

function linkRequest(index: number, change: LinkChange): Request {
  const attributes: Attribute[] = []
  if (change.namespaceFd !== undefined)
    attributes.push(u32(IFLA.netNamespaceFd, change.namespaceFd))
  if (change.name !== undefined) attributes.push(text(IFLA.ifname, change.name))
  if (change.alias !== undefined) attributes.push(bytes(IFLA.ifalias, Buffer.from(change.alias)))
  const header = linkHeader(index, change.up ? IFF_UP : 0)
  return { type: RTM.newLink, header, attributes }
}
