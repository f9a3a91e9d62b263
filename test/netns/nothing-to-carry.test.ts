import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { callPlugin } from '../support/plugin.js'
import { Testbed } from '../support/testbed.js'

const WARNING =
  'host-device-l3: eth1 goes without an address: it has none on the host. An earlier DEL may not ' +
  'have restored it ("restoreOnDelete": false, or its record was lost), or what configures it on ' +
  'the host has not done so yet. "useInterfaceNetwork": false lends it bare, without a warning'

/** A device that has no more on the host than the addresses that the kernel makes. */
describe.each(ARTEFACTS)('a device without an address: $artefact', ({ path }) => {
  let testbed: Testbed
  const warningsOf = (configuration: Record<string, unknown> = {}) => {
    const { exitCode, stdout, stderr } = callPlugin(testbed, path, 'ADD', { configuration })
    expect(exitCode, stdout).toBe(0)
    return stderr
  }

  beforeEach(() => {
    testbed = new Testbed()
  })
  afterEach(() => testbed[Symbol.dispose]())

  it('is lent with a warning that says why it may be so', () => {
    expect(warningsOf()).toBe(WARNING)
  })

  it('is captured with the same warning', () => {
    expect(warningsOf({ mode: 'capture', cniVersion: '1.0.0' })).toBe(WARNING)
  })

  it('is lent without one if it is to be bare', () => {
    expect(warningsOf({ useInterfaceNetwork: false })).toBe('')
  })

  it('is lent without one if it has a route by a link-local gateway', () => {
    testbed.onHost('-6 route add 2001:db8:1::/48 via fe80::1 dev eth1')
    expect(warningsOf()).toBe('')
  })

  it('gets only the warning about its lease if it has one', () => {
    testbed.onHost('address add 198.51.100.5/24 dev eth1 valid_lft 900 preferred_lft 900')
    expect(warningsOf()).toMatch(
      /^host-device-l3: the lease of 198\.51\.100\.5\/24 stays behind[^\n]*$/,
    )
  })

  it('gets the warning after a DEL that did not restore it', () => {
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    expect(warningsOf()).toBe('')
    callPlugin(testbed, path, 'DEL', { configuration: { restoreOnDelete: false } })
    expect(warningsOf()).toBe(WARNING)
  })
})
