import { expect, it } from 'vitest'
import { damageIn } from '../../src/records/damage.js'

const RECORD = {
  containerId: 'from',
  lentAt: 2 ** 40,
  device: { onHost: { index: 7, broadcastAddress: 'ff:ff' }, identity: { inode: 2 ** 40 } },
  state: {
    addresses: [{ value: { local: '2001:db8::5', peer: '10.0.0.1' } }],
    routes: [{ value: { destination: '10.0.0.0/8', nexthops: [{ interfaceIndex: 7 }] } }],
    packed: [{ value: { addresses: '10.1.0.0 10.2.0.0' } }],
  },
}

it('finds nothing in a record that is none', () => {
  expect(damageIn(RECORD)).toBeUndefined()
  expect(damageIn(undefined)).toBeUndefined()
})

it.each([
  ['"local":"2001:db8::5"', '"local":"zz"', 'state.addresses.0.value.local is "zz"'],
  ['"peer":"10.0.0.1"', '"peer":""', 'state.addresses.0.value.peer is ""'],
  ['10.0.0.0/8', '10.0.0/8', 'state.routes.0.value.destination is "10.0.0/8"'],
  ['10.2.0.0', '10.2.', 'state.packed.0.value.addresses is "10.1.0.0 10.2."'],
  [
    '"interfaceIndex":7',
    '"interfaceIndex":-7',
    'state.routes.0.value.nexthops.0.interfaceIndex is -7',
  ],
  ['"index":7', '"index":4294967296', 'device.onHost.index is 4294967296'],
])('%s as %s', (whole, damaged, expected) => {
  const text = JSON.stringify(RECORD)
  expect(text).toContain(whole)
  expect(damageIn(JSON.parse(text.replace(whole, damaged)))).toBe(expected)
})
