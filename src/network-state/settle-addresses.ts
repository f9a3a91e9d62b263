import { patience } from '../deadline.js'
import { Failure } from '../failure.js'
import { dumpAddresses } from '../kernel/netlink/address.js'
import type { Link } from '../kernel/objects/link.js'
import type { Place } from '../kernel/place.js'
import { pause } from '../pause.js'
import { describeAddress } from './describe.js'

const LONGEST_MILLISECONDS = 5000
const PAUSE_MILLISECONDS = 50

/**
 * Waits until duplicate address detection is through with all addresses of a
 * device. One that is still going on after five seconds is left to itself: without
 * a carrier it never ends.
 * @throws Failure `kernel-refused` for an address that somebody else has
 */
export function settleAddresses(place: Place, device: Link): void {
  const deadline = Date.now() + patience(LONGEST_MILLISECONDS)
  for (;;) {
    const addresses = dumpAddresses(place.socket, device.index)
    const duplicate = addresses.find(({ flags }) => flags.includes('dadfailed'))
    if (duplicate)
      throw new Failure(
        'kernel-refused',
        `link ${device.name} has address ${describeAddress(duplicate)} in DADFAILED state: somebody else on the link has it`,
      )
    const unsettled = addresses.some(({ flags }) => flags.includes('tentative'))
    if (!unsettled || Date.now() > deadline) return
    pause(PAUSE_MILLISECONDS)
  }
}
