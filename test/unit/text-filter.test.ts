import { describe, expect, it } from 'vitest'
import {
  mayBeIn,
  mayBeOf,
  mayBeOfHardware,
  mayBeOfKind,
  mayLeadTo,
} from '../../src/records/text-filter.js'
import { route, state } from '../support/kernel-objects.js'

const PATH = '/run/netns/a "b" é'
const RECORD = {
  format: 2,
  sandboxPath: PATH,
  sandbox: { inode: 4026532000 },
  device: {
    onHost: { kind: 'vxlan', alias: '"kind":"veth"', parentDevice: 'pci/0000:01:00.0' },
    identity: { inode: 5371, directory: 'devices/virtual/net' },
  },
  state: { routes: [{ value: { destination: '203.0.113.0/24' } }] },
}

/** As this plugin writes a record, and as programs of an operator do. */
const WRITERS: [string, (record: object) => string][] = [
  ['this plugin', JSON.stringify],
  ['jq', (record) => `${JSON.stringify(record, null, 2)}\n`],
  ['tabs', (record) => JSON.stringify(record, null, '\t')],
  ['space on both sides', (record) => JSON.stringify(record, null, 1).replaceAll('":', '" : ')],
  ['a program that escapes', (record) => JSON.stringify(record).replaceAll('/', '\\/')],
  [
    'lines within',
    (record) => JSON.stringify(record, null, 2).replaceAll('": ', '":\r\n').replaceAll(',', ' ,'),
  ],
]

describe.each(WRITERS)('the text of a record that was written by %s', (_, write) => {
  const text = write(RECORD)

  it('tells whose it may be', () => {
    expect(mayBeOf(text, 5371)).toBe(true)
    for (const inode of [53, 537, 53710, undefined]) expect(mayBeOf(text, inode)).toBe(false)
    expect(mayBeOfKind(text, 'vxlan')).toBe(true)
    expect(mayBeOfKind(text, 'vlan')).toBe(false)
    expect(mayBeOfHardware(text, 'pci/0000:01:00.0')).toBe(true)
    expect(mayBeOfHardware(text, undefined)).toBe(false)
  })

  it('tells in which sandbox it may be', () => {
    expect(mayBeIn(text, 4026532000, '/other')).toBe(true)
    expect(mayBeIn(text, 1, PATH)).toBe(true)
  })

  it('tells where its routes may lead', () => {
    const to = (destination: string) =>
      mayLeadTo(state({ routes: [{ value: route({ destination }) }] }))
    expect(to('203.0.113.0/24')(text)).toBe(true)
    const isFound = to('203.0.114.0/24')(text)
    // With an escape in it a value may be any.
    expect(isFound).toBe(text.includes('\\/'))
    expect(to('203.0.114.0/24')(write({ ...RECORD, state: { packed: [] } }))).toBe(true)
    expect(mayLeadTo(state())(text)).toBe(false)
  })
})

describe('the text of a record', () => {
  const text = JSON.stringify(RECORD)

  it('may be of any device if it has no identity, whatever a value in it says', () => {
    const { identity: _, ...device } = RECORD.device
    expect(mayBeOf(JSON.stringify({ ...RECORD, network: 'identity', device }), 1)).toBe(true)
  })

  it('is not of what it is not', () => {
    expect(mayBeOfHardware(text, 'pci/0000:01:00.1')).toBe(false)
    expect(mayBeOfKind(text, 'veth')).toBe(false)
    expect(mayBeIn(JSON.stringify({ sandboxPath: '/run/a' }), 1, '/run/b')).toBe(false)
  })

  it('that is cut off ends the search', () => {
    for (let end = 0; end < text.length; end++) {
      expect(mayBeOfKind(text.slice(0, end), 'bond')).toBe(false)
      expect(mayBeIn(text.slice(0, end), 1, PATH)).toBeTypeOf('boolean')
    }
  })
})
