import { type Static, Type } from '@sinclair/typebox'

/** A network device, as RTM_GETLINK reports it. */
export const LinkSchema = Type.Object({
  index: Type.Integer(),
  name: Type.String(),
  alternativeNames: Type.Array(Type.String()),
  hardwareAddress: Type.String({ description: 'colon-separated; empty where the device has none' }),
  mtu: Type.Integer(),
  up: Type.Boolean({ description: 'administratively up' }),
  loopback: Type.Boolean(),
  immovable: Type.Boolean({ description: 'known to belong to its namespace for good' }),
  alias: Type.Optional(Type.String()),
})
export type Link = Static<typeof LinkSchema>
