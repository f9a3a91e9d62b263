import { settle } from './settled.js'
import type { Testbed } from './testbed.js'

/** What `ip -json` says of a device, in a form in which host and sandbox can be compared. */
export interface ObservedState {
  addresses: object[]
  routes: object[]
  rules: object[]
  neighbors: object[]
}

type Json = Record<string, unknown>

/** Reads the state of a device as `ip` shows it, without what names the device or its namespace. */
export function observe(onPlace: (words: string) => string, device: string): ObservedState {
  const json = (words: string) => JSON.parse(onPlace(`-json ${words}`) || '[]') as Json[]
  const routes = [
    ...json(`-4 route show table all dev ${device}`),
    ...json(`-6 route show table all dev ${device}`),
  ]
  const [link] = json(`address show dev ${device}`)
  return {
    addresses: sorted(((link?.addr_info ?? []) as Json[]).map((one) => anonymous(one, device))),
    routes: byPlace(routes.map((one) => anonymous(one, device))),
    rules: sorted([...json('-4 rule'), ...json('-6 rule')].map((one) => anonymous(one, device))),
    neighbors: sorted(json(`neighbour show dev ${device} nud permanent`)),
  }
}

/** The name of the device, in whatever key, becomes one that is the same everywhere. */
function anonymous(thing: Json, device: string): Json {
  const rename = (value: unknown) =>
    value === device || String(value).startsWith(`${device}:`)
      ? String(value).replace(device, 'DEVICE')
      : value
  return Object.fromEntries(Object.entries(thing).map(([key, value]) => [key, rename(value)]))
}

/** Sorted by the place; in one place, the kernel takes the first. */
function byPlace(routes: Json[]): object[] {
  const placeOf = ({ dst, table, tos, metric }: Json) => JSON.stringify([dst, table, tos, metric])
  const compare = (one: string, other: string) => (one < other ? -1 : one > other ? 1 : 0)
  return routes.toSorted((a, b) => compare(placeOf(a), placeOf(b)))
}

function sorted(things: Json[]): object[] {
  const text = (thing: Json) => JSON.stringify(thing)
  return things.toSorted((a, b) => (text(a) < text(b) ? -1 : 1))
}

/** The same for the host of a testbed and for its pod, once the kernel is done there. */
export function observeHost(testbed: Testbed, device = 'eth1'): ObservedState {
  settle(testbed.host)
  return observe((words) => testbed.onHost(words), device)
}
export function observePod(testbed: Testbed, device = 'net1'): ObservedState {
  settle(testbed.pod)
  return observe((words) => testbed.inPod(words), device)
}
