import type { Request } from '../kernel/netlink/request.js'

/** Something to add to a device, and the request that adds it. */
export interface Addition<T> {
  value: T
  request: Request
}
