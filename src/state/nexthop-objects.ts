import { waitUntil } from '../deadline.js'
import type { NetlinkSocket } from '../kernel/netlink/netlink-socket.js'
import { dumpNexthopObjects, nexthopObjectRequest } from '../kernel/netlink/nexthop-object.js'
import type { NexthopObject } from '../kernel/netlink/nexthop-object-schema.js'
import { type Addition, addAll, type Refused } from './add-objects.js'
import { addObjectsWithGateways } from './gateways-on-link.js'

/** A nexthop object that could not be restored, and why. */
export interface RefusedObject {
  object: NexthopObject
  error: Error
}

/** The kernel takes a nexthop object only if the link has a carrier. */
const LONGEST_WAIT_MILLISECONDS = 5000
const PAUSE_MILLISECONDS = 50

/**
 * Restores nexthop objects through a device under their ids, and their memberships in groups. An
 * object of somebody else that has taken an id stays.
 * @param waitForCarrier whether to wait some seconds for the carrier that the kernel wants
 */
export function restoreNexthopObjects(
  socket: NetlinkSocket,
  objects: NexthopObject[],
  waitForCarrier: boolean,
): RefusedObject[] {
  const there = new Map(dumpNexthopObjects(socket).map((object) => [object.id, object]))
  const additions: Addition<NexthopObject>[] = []
  const refused: RefusedObject[] = []
  for (const object of objects) {
    const present = there.get(object.id)
    if (!present) additions.push(addition(object, 'create'))
    else if (isRemainder(present, object)) additions.push(addition(object, 'replace'))
    else if (!isSame(present, object) && !isRemainder(object, present))
      refused.push({ object, error: new Error('there is another of that id') })
  }
  const longest = waitForCarrier ? LONGEST_WAIT_MILLISECONDS : 0
  return [...refused, ...addOnceThereIsACarrier(socket, additions, longest)]
}

/** Compared by what sets them: of a resilient group the kernel reports more, which changes by itself. */
function isSame(one: NexthopObject, other: NexthopObject): boolean {
  const asked = (object: NexthopObject) => JSON.stringify(nexthopObjectRequest(object, 'create'))
  return asked(one) === asked(other)
}

/** Whether a group is what the kernel left of another when members of it went. */
function isRemainder({ members }: NexthopObject, whole: NexthopObject): boolean {
  const ids = new Set(whole.members.map(({ id }) => id))
  return members.length > 0 && members.length < ids.size && members.every(({ id }) => ids.has(id))
}

function addition(value: NexthopObject, how: 'create' | 'replace'): Addition<NexthopObject> {
  return { value, request: nexthopObjectRequest(value, how) }
}

function addOnceThereIsACarrier(
  socket: NetlinkSocket,
  additions: Addition<NexthopObject>[],
  longest: number,
): RefusedObject[] {
  let pending = additions
  let refused: Refused<NexthopObject>[] = []
  waitUntil(longest, PAUSE_MILLISECONDS, () => {
    refused = addAll(socket, pending)
    pending = refused
    return refused.some(({ error }) => error.is('ENETDOWN')) ? undefined : true
  })
  const left = addObjectsWithGateways(socket, refused, () => addAll(socket, refused))
  return left.map(({ value, error }) => ({ object: value, error }))
}
