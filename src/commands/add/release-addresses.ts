import { allowSeconds, RELEASE_SECONDS } from '../../deadline.js'
import type { Ipam } from '../../ipam/ipam.js'

/**
 * Has the addresses of a failed ADD released, if any may have been assigned.
 * @returns what there is to say if that fails too, else nothing
 */
export async function releaseAddresses(ipam: Ipam | undefined): Promise<string> {
  if (!ipam) return ''
  allowSeconds(RELEASE_SECONDS)
  try {
    await ipam.undoAdd()
    return ''
  } catch (error) {
    return `the addresses that IPAM assigned may not be released: ${(error as Error).message}`
  }
}
