import { type Static, Type } from '@sinclair/typebox'

/** What distinguishes a network namespace from every other one since the node was started. */
export const NamespaceIdentitySchema = Type.Object({
  device: Type.Integer({ description: 'of the file system of namespaces' }),
  inode: Type.Integer({ description: 'may be that of another namespace later' }),
})
export type NamespaceIdentity = Static<typeof NamespaceIdentitySchema>
