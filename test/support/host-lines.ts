import { runSync } from './run-sync.js'

const INET6 = /^-6 /

/** Gives a namespace what is possible of lines for `ip`, of which those with -6 first are of IPv6. */
export function force(namespace: string, lines: string[]): void {
  for (const options of [[], ['-6']]) {
    const ofFamily = lines.filter((line) => INET6.test(line) === options.length > 0)
    const input = ofFamily.map((line) => line.replace(INET6, '')).join('\n')
    runSync('ip', ['-n', namespace, ...options, '-force', '-batch', '-'], {
      input,
      reject: false,
    })
  }
}

/** Takes from devices of a namespace what `force` gave them. */
export function clear(namespace: string, names: string[], lines: string[]): void {
  const opposite = (words: RegExp) =>
    lines.filter((line) => words.test(line)).map((line) => line.replace('add', 'delete'))
  force(namespace, [
    'nexthop flush',
    ...names.flatMap((name) => [
      `address flush dev ${name}`,
      `neighbour flush dev ${name} nud all`,
      `link set ${name} down`,
      `token set :: dev ${name}`,
    ]),
    // Only now: a multipath route goes when all its devices are down.
    ...names.map((name) => `link set ${name} up`),
    ...opposite(/^(-6 )?rule /),
    ...opposite(/ proxy /),
    ...opposite(/route add (blackhole|unreachable|prohibit) /),
  ])
}
