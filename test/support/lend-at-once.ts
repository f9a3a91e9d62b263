import { expect } from 'vitest'
import { startPlugin } from './plugin.js'
import type { Testbed } from './testbed.js'

/** Lends that many devices, eth1 and others that it makes, to one sandbox, each by a call of its own. */
export async function lendAtOnce(
  testbed: Testbed,
  artefactPath: string,
  count: number,
  wrapper: string[],
): Promise<void> {
  const numbers = Array.from({ length: count }, (_, n) => n + 1)
  for (const number of numbers.slice(1)) testbed.addDevice(`eth${number}`)
  const calls = numbers.map((number) =>
    startPlugin(testbed, artefactPath, 'ADD', {
      wrapper,
      configuration: { device: `eth${number}` },
      variables: { CNI_IFNAME: `net${number}` },
    }),
  )
  for (const { exitCode, stdout } of await Promise.all(calls)) expect(exitCode, stdout).toBe(0)
  const lent = testbed.inPod('link').match(/(?<=: )net\d+/g)
  expect(lent?.toSorted()).toEqual(numbers.map((number) => `net${number}`).toSorted())
}
