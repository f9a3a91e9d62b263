import { runSync } from './run-sync.js'
import { until } from './until.js'

/**
 * Waits until the kernel has done in a namespace what it does by itself, a moment after a change:
 * it notices that a link has a carrier, then gives it its link-local address, and gives each new
 * IPv6 address its local route after duplicate address detection. On a busy machine the moment
 * may be long.
 */
export function settle(namespace: string): void {
  const ip = (...words: string[]) => runSync('ip', ['-n', namespace, ...words]).stdout
  until(() => isSettled(ip('address'), ip('-6', 'route', 'show', 'table', 'all')))
}

/**
 * Whether the kernel is done.
 * @param addresses what `ip address` said
 * @param routes what `ip -6 route show table all` said after that
 */
export function isSettled(addresses: string, routes: string): boolean {
  // The kernel gives the link its address under the lock under which it is dumped as "UP".
  return addresses.split(/^(?=\d+: )/m).every((link) => isLinkSettled(link, routes))
}

function isLinkSettled(link: string, routes: string): boolean {
  const [, name, flags = '', state = ''] =
    /^\d+: ([^:@]+)(?:@[^:]+)?: <([^>]*)> .* state (\w+)/.exec(link) ?? []
  if (!flags.split(',').includes('UP')) return true
  const hasCarrier = flags.split(',').includes('LOWER_UP')
  // A device that has no state of its own, such as the loopback, is in the state UNKNOWN.
  if (hasCarrier !== ['UP', 'UNKNOWN'].includes(state)) return false
  // Without a carrier, new addresses stay tentative.
  if (!hasCarrier) return true
  return [...link.matchAll(/^ +inet6 ([^ /]+)(.*)$/gm)].every(
    ([, address, rest = '']) =>
      rest.includes(' dadfailed') ||
      (!rest.includes(' tentative') && routes.includes(`local ${address} dev ${name} table local`)),
  )
}
