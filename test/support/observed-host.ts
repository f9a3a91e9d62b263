import type { Testbed } from './testbed.js'

type Json = Record<string, unknown>

/** Lifetimes in seconds pass by themselves; 0 and for ever do not. */
function withoutTime(key: string, value: unknown): unknown {
  const passes = /life_time|expires/.test(key) && value !== 0 && value !== 0xffffffff
  return passes ? 'some seconds' : value
}

/** What the kernel makes for every link, in an order of its own. */
const MADE_BY_THE_KERNEL = /^(fe80::\/64|(multicast )?ff00::\/8|local fe80)/

/**
 * All that a host with two devices has, as `ip` shows it. Of IPv4 routes that share a place it has the
 * first, and those of eth1 in their order: between two routes of another device the kernel lets
 * nobody put one.
 */
export function observeWholeHost(testbed: Testbed): Record<string, unknown> {
  testbed.settle()
  const json = (words: string) => JSON.parse(testbed.onHost(`-json ${words}`) || '[]') as Json[]
  const addresses = (name: string) =>
    json(`address show dev ${name}`)
      .flatMap(({ addr_info }) => addr_info as Json[])
      .map((one) => JSON.stringify(one, withoutTime))
  const routes4 = routesIn(testbed.onHost('-4 route show table all'))
  const routes6 = routesIn(testbed.onHost('-6 route show table all')).map(withNexthopsSorted)
  return {
    addresses: [addresses('eth1'), addresses('eth2').toSorted()],
    routes: [...routes4, ...routes6].toSorted(),
    first: firstOfEachPlace(routes4),
    ofEth1: routes4.filter((route) => route.includes('dev eth1')),
    nexthops: testbed.onHost('nexthop').split('\n').toSorted(),
    rules: [testbed.onHost('rule'), testbed.onHost('-6 rule')],
    neighbors: ['nud permanent', 'nud noarp', 'proxy'].map((state) =>
      testbed
        .onHost(`neighbour show ${state}`)
        .split('\n')
        .filter((line) => !/^(ff02|224)/.test(line))
        .toSorted(),
    ),
    tokens: ['eth1', 'eth2'].map((name) => testbed.onHost(`token get dev ${name}`)),
  }
}

/** Each with its nexthops in one line. */
function routesIn(shown: string): string[] {
  return shown
    .replaceAll(/\n\s+nexthop/g, ' nexthop')
    .replaceAll(/ expires \d+sec/g, ' expires')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !MADE_BY_THE_KERNEL.test(line))
}

/** Among those of several IPv6 routes that it joins, the kernel decides where a nexthop is. */
function withNexthopsSorted(route: string): string {
  if (route.startsWith('fd06:')) return route
  const [words, ...nexthops] = route.split(/ +nexthop /)
  return [words, ...nexthops.toSorted()].join(' nexthop ')
}

function firstOfEachPlace(routes: string[]): string[] {
  const places = new Map<string, string>()
  for (const route of routes) {
    const [destination] = route.replace(/^(local|broadcast|anycast) /, '').split(' ')
    const words = ['table', 'tos', 'metric'].map((word) => new RegExp(` ${word} \\S+`).exec(route))
    const place = [destination, ...words.map((found) => found?.[0] ?? '')].join('')
    if (!places.has(place)) places.set(place, route)
  }
  return [...places.values()].toSorted()
}
