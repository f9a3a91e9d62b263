import { type Static, Type } from '@sinclair/typebox'

/**
 * What distinguishes a network device from every other one since the node was started. The kernel
 * alone decides it: it stays the same when the device is renamed or moved to another namespace.
 */
export const DeviceIdentitySchema = Type.Object({
  inode: Type.Integer({ description: "inode number of the device's own directory in sysfs" }),
  directory: Type.String({
    description: 'where that directory is: "devices/virtual/net", or below the PCI device',
  }),
})
export type DeviceIdentity = Static<typeof DeviceIdentitySchema>

/** What distinguishes a network namespace from every other one since the node was started. */
export const NamespaceIdentitySchema = Type.Object({
  device: Type.Integer({ description: 'of the file system of namespaces' }),
  inode: Type.Integer({ description: 'may be that of another namespace later' }),
  cookie: Type.Optional(Type.Integer({ description: 'SO_NETNS_COOKIE; absent before Linux 5.14' })),
})
export type NamespaceIdentity = Static<typeof NamespaceIdentitySchema>
