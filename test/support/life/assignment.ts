import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import type { Attachment, Life } from './life.js'
import type { Keys } from './steps.js'

/** Which IPAM plugin an ADD asks; one of them refuses. All are Debian's, of CNI 1.0.0. */
export type Ipam = 'none' | 'static' | 'host-local' | 'refuses'

/** The keys with which the IPAM plugin is asked in all calls of an attachment. */
export function keysFor(life: Life, ipam: Ipam, number: number): Keys {
  const cniVersion = '1.0.0'
  const address = `10.220.${number}.5/24`
  const routes = [{ dst: `10.221.${number}.0/24`, gw: `10.220.${number}.1` }]
  switch (ipam) {
    case 'none':
      return {}
    case 'static':
      return { cniVersion, ipam: { type: 'static', addresses: [{ address }], routes } }
    case 'host-local': {
      const ranges = [[{ subnet: '10.222.0.0/24' }]]
      return { cniVersion, ipam: { type: 'host-local', dataDir: leases(life), ranges } }
    }
    case 'refuses':
      return { cniVersion, ipam: { type: 'static', addresses: [{ address: 'nowhere' }] } }
  }
}

/** Nothing is assigned any more to an attachment that has ended. */
export function expectNoLease(
  life: Life,
  { pod, interfaceName }: Attachment,
  { ipam }: Keys,
  when: string,
): void {
  // Of no other plugin are there leases. An earlier attachment of that name may have left one, where
  // GC ended it and did not get the key.
  if ((ipam as { type?: string } | undefined)?.type !== 'host-local') return
  const owner = `${pod.containerId}\n${interfaceName}`
  const directory = `${leases(life)}/lent`
  const texts = life.world.testbed
    .filesIn('leases/lent')
    .map((file) => readFileSync(`${directory}/${file}`, 'utf8').replaceAll('\r', ''))
  expect(texts, `${when}: leases`).not.toContain(owner)
}

function leases({ world }: Life): string {
  return `${world.testbed.stateDirectory}/leases`
}
