import { readFileSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { downgraded } from '../support/format-1.js'
import { callPlugin, type Outcome } from '../support/plugin.js'
import { Testbed } from '../support/testbed.js'

const DEVICES = ['eth1', 'eth2', 'eth3']

describe.each(ARTEFACTS)('with three devices lent: $artefact', ({ path }) => {
  let testbed: Testbed
  let before: string[]
  /** Devices that come home in another order have the kernel's own routes in another order. */
  const hostState = () => testbed.hostState().split('\n').toSorted()
  const call = (command: string, device: string, more: Record<string, unknown> = {}) =>
    callPlugin(testbed, path, command, {
      configuration: { device, restoreOnDelete: true, ...more },
      variables: { CNI_CONTAINERID: `container-${device}`, CNI_IFNAME: `pod-${device}` },
    })
  const recordOf = (device: string) =>
    `${testbed.stateDirectory}/attachments/container-${device}:pod-${device}.json`
  // biome-ignore lint/suspicious/noExplicitAny: a record of another version
  const rewrite = (device: string, change: (record: any) => unknown) =>
    writeFileSync(
      recordOf(device),
      JSON.stringify(change(JSON.parse(readFileSync(recordOf(device), 'utf8')))),
    )
  const expectSuccess = ({ exitCode, stdout }: Outcome) => expect(exitCode, stdout).toBe(0)
  const results = new Map<string, unknown>()

  beforeEach(() => {
    testbed = new Testbed()
    for (const device of DEVICES.slice(1)) testbed.addDevice(device)
    for (const [n, device] of DEVICES.entries()) {
      testbed.onHost(`address add 10.0.${n}.5/24 dev ${device}`)
      testbed.onHost(`address add 2001:db8:${n}::5/64 dev ${device} nodad`)
      testbed.onHost(`route add 10.1.${n}.0/24 via 10.0.${n}.1 mtu 1400 proto dhcp`)
      testbed.onHost(`-6 route add 2001:db8:${n}:1::/64 via 2001:db8:${n}::1 metric 50`)
      testbed.onHost(
        `neighbour add 10.0.${n}.1 lladdr 02:00:00:00:00:0${n} dev ${device} nud permanent`,
      )
      testbed.onHost(`rule add from 10.0.${n}.5 lookup 10${n} priority 5${n}`)
      testbed.onHost(`route add default via 10.0.${n}.1 dev ${device} table 10${n}`)
    }
    before = hostState()
    for (const device of DEVICES) {
      const outcome = call('ADD', device)
      expectSuccess(outcome)
      results.set(device, outcome.document)
    }
  })
  afterEach(() => testbed[Symbol.dispose]())

  it('an upgrade returns them whole: their records are of the format before', () => {
    for (const device of DEVICES) rewrite(device, downgraded)
    for (const device of DEVICES)
      expectSuccess(call('CHECK', device, { prevResult: results.get(device) }))
    for (const device of DEVICES) expectSuccess(call('DEL', device))
    expect(hostState()).toEqual(before)
    expect(testbed.filesIn('attachments')).toEqual([])
  })

  it('a downgrade changes nothing: DEL fails, other attachments work, and the newer version returns them whole', () => {
    const newer = DEVICES.slice(0, 2)
    for (const device of newer) rewrite(device, (record) => ({ ...record, format: 4, further: 1 }))
    for (const device of newer) {
      const { exitCode, document } = call('DEL', device)
      expect(exitCode).toBe(1)
      expect(document).toMatchObject({
        code: 5,
        msg: expect.stringContaining(`${recordOf(device)} is of a newer version of this plugin`),
      })
      expect(call('CHECK', device, { prevResult: results.get(device) }).exitCode).toBe(1)
      expect(testbed.inPod('link')).toContain(`pod-${device}@`)
    }
    const other = DEVICES.at(-1) ?? ''
    expectSuccess(call('DEL', other))
    expectSuccess(call('ADD', other))
    expectSuccess(call('DEL', other))
    expect(testbed.filesIn('attachments')).toHaveLength(newer.length)
    for (const device of newer) rewrite(device, (record) => ({ ...record, format: 2 }))
    for (const device of newer) expectSuccess(call('DEL', device))
    expect(hostState()).toEqual(before)
    expect(testbed.filesIn('attachments')).toEqual([])
  })
})
