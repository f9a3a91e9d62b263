import type { Cell } from './cell.js'

/** What was only read: in notes made from the source of both; what they do not say is missing. */
export const READ: Readonly<Record<string, Readonly<Record<string, Cell>>>> = {
  DRANET: {
    'a device is in the container, under its name or another': 'yes',
    'two devices in one container': 'yes',
    'a device that was down is set up': 'yes',
    'permanent global addresses of a device that was up are kept': 'yes',
    'an address keeps its label, peer, broadcast address, metric and `noprefixroute`': 'no',
    'addresses that are not permanent are not kept': 'no: they become permanent',
    'an address of host scope is not kept': 'yes',
    'MTU and MAC address are kept': 'yes',
    'routes are kept, with metric and source, of other tables, of IPv6': 'no: not metric',
    'rules about its addresses are kept': 'yes, but only priority, table, source and destination',
    'permanent neighbours are kept': 'yes',
    'sysctls of the device are kept': 'no, but some can be set',
    'names that cannot be are an error, nothing is changed': 'yes, those over 15 characters',
    'a container without a network namespace of its own is an error': 'yes',
    'a failure after the move brings the device home as it was': 'no: it stays in the container',
    'after the container its devices are on the host under their names': 'yes',
    'after the container a device has its addresses and routes again, where that is asked for':
      'no',
  },
  'PR 1257': {
    'a device is in the container, under its name or another': 'yes',
    'a device that was down is set up': 'yes',
    'permanent global addresses of a device that was up are kept': 'yes',
    'an address keeps its label, peer, broadcast address, metric and `noprefixroute`': 'no',
    'addresses that are not permanent are not kept': 'no: IPv4 leases become permanent',
    'an address of host scope is not kept': 'yes',
    'MTU and MAC address are kept': 'yes',
    'queue length and alternative names are kept': 'yes',
    'routes are kept, with metric and source, of other tables, of IPv6':
      'yes, but an IPv6 source of a moment ago is refused',
    'rules about its addresses are kept': 'yes, where they name a source',
    'permanent neighbours are kept': 'no',
    'sysctls of the device are kept': 'no',
    'a name that is taken is an error, nothing is changed':
      'an error, and it is home under its name',
    'names that cannot be are an error, nothing is changed': 'yes',
    'a device that is not there is an error': 'yes',
    'a failure after the move brings the device home as it was': 'no: it stays in the container',
    'after the container its devices are on the host under their names': 'yes',
    'after the container a device has its addresses and routes again, where that is asked for':
      'no',
    'a container whose namespace is gone can be ended': 'no',
  },
}
