import { expect, it } from 'vitest'
import { damageIn } from '../../src/records/damage.js'

const RECORD = {
  containerId: 'from',
  lentAt: 2 ** 40,
  device: {
    onHost: {
      index: 7,
      name: 'eth1',
      mtu: 1500,
      broadcastAddress: 'ff:ff',
      hardwareAddress: '',
      settings: { ipv4: '00ff', token: '::77' },
    },
    nameInSandbox: 'net1',
    identity: { inode: 2 ** 40, directory: 'devices/virtual/net' },
  },
  state: {
    addresses: [
      { value: { family: 'inet6', local: '2001:db8::5', prefixLength: 64 } },
      { value: { family: 'inet', local: '10.0.0.9', peer: '10.0.0.1', prefixLength: 24 } },
    ],
    routes: [
      {
        value: {
          family: 'inet',
          destination: '10.0.0.0/8',
          nexthops: [{ interfaceIndex: 7 }, { via: { family: 'inet6', address: 'fe80::1' } }],
        },
      },
      { value: { family: 'inet6', destination: '::/0', source: '::ffff:1.2.3.0/128' } },
    ],
    packed: [{ value: { like: { family: 'inet' }, addresses: '10.1.0.0 10.2.0.0' } }],
    nexthopObjects: [{ family: 10, nexthop: { gateway: 'fe80::2' } }],
    rules: [{ value: { from: '0.0.0.0/0', sourcePorts: '5-9', users: '1-4294967295' } }],
    neighbors: [{ value: { hardwareAddress: '02:00:5e:00:00:01' } }],
  },
}

it('finds nothing in a record that is none', () => {
  expect(damageIn(RECORD)).toBeUndefined()
  expect(damageIn(undefined)).toBeUndefined()
})

it.each([
  ['"local":"2001:db8::5"', '"local":"zz"', 'state.addresses.0.value.local is "zz"'],
  ['"peer":"10.0.0.1"', '"peer":""', 'state.addresses.1.value.peer is ""'],
  ['10.0.0.0/8', '10.0.0/8', 'state.routes.0.value.destination is "10.0.0/8"'],
  ['10.2.0.0', '10.2.', 'state.packed.0.value.addresses is "10.1.0.0 10.2."'],
  [
    '"interfaceIndex":7',
    '"interfaceIndex":-7',
    'state.routes.0.value.nexthops.0.interfaceIndex is -7',
  ],
  ['"index":7', '"index":4294967296', 'device.onHost.index is 4294967296'],
  [
    '"interfaceIndex":7',
    '"interfaceIndex":2147483648',
    'state.routes.0.value.nexthops.0.interfaceIndex is 2147483648',
  ],
  ['"mtu":1500', '"mtu":1e300', 'device.onHost.mtu is 1e+300'],
  ['"name":"eth1"', '"name":""', 'device.onHost.name is ""'],
  ['"name":"eth1"', '"name":"a/b"', 'device.onHost.name is "a/b"'],
  ['"net1"', '"sixteen-letters-"', 'device.nameInSandbox is "sixteen-letters-"'],
  ['"hardwareAddress":""', '"hardwareAddress":"x"', 'device.onHost.hardwareAddress is "x"'],
  ['5e:00:00:01"', '5e:0:0:1"', 'state.neighbors.0.value.hardwareAddress is "02:00:5e:0:0:1"'],
  ['"ipv4":"00ff"', '"ipv4":"00f"', 'device.onHost.settings.ipv4 is "00f"'],
  ['"::77"', '"7.7.7.7"', 'device.onHost.settings.token is "7.7.7.7"'],
  ['devices/virtual/net', '\\u0000', String.raw`device.identity.directory is "\u0000"`],
  ['"local":"2001:db8::5"', '"local":"::1/129"', 'state.addresses.0.value.local is "::1/129"'],
  ['"local":"10.0.0.9"', '"local":"10.0.0.9/24"', 'state.addresses.1.value.local is "10.0.0.9/24"'],
  [
    '"local":"10.0.0.9"',
    '"local":"::ffff:1.2.3.4"',
    'state.addresses.1.value.local is "::ffff:1.2.3.4"',
  ],
  ['"prefixLength":24', '"prefixLength":64', 'state.addresses.1.value.prefixLength is 64'],
  ['10.0.0.0/8', '10.0.0.0/33', 'state.routes.0.value.destination is "10.0.0.0/33"'],
  ['10.0.0.0/8', '10.0.0.0/8/8', 'state.routes.0.value.destination is "10.0.0.0/8/8"'],
  ['10.0.0.0/8', '::ffff:1.2.3.4', 'state.routes.0.value.destination is "::ffff:1.2.3.4"'],
  ['::ffff:1.2.3.0/128', '::1/129', 'state.routes.1.value.source is "::1/129"'],
  ['fe80::1', '10.0.0.1', 'state.routes.0.value.nexthops.1.via.address is "10.0.0.1"'],
  ['10.2.0.0', '::2', 'state.packed.0.value.addresses is "10.1.0.0 ::2"'],
  ['fe80::2', '10.0.0.2', 'state.nexthopObjects.0.nexthop.gateway is "10.0.0.2"'],
  ['0.0.0.0/0', '0.0.0.0', 'state.rules.0.value.from is "0.0.0.0"'],
  ['5-9', '5-65536', 'state.rules.0.value.sourcePorts is "5-65536"'],
  ['1-4294967295', '1', 'state.rules.0.value.users is "1"'],
])('%s as %s', (whole, damaged, expected) => {
  const text = JSON.stringify(RECORD)
  expect(text).toContain(whole)
  expect(damageIn(JSON.parse(text.replace(whole, damaged)))).toBe(expected)
})
