import { type Static, Type } from '@sinclair/typebox'

/** A CNI result, as far as this program reads it; other fields stay as they are. */
export const ResultSchema = Type.Object({
  interfaces: Type.Optional(
    Type.Array(
      Type.Object({
        name: Type.String(),
        mac: Type.Optional(Type.String()),
        mtu: Type.Optional(Type.Integer()),
        sandbox: Type.Optional(Type.String()),
      }),
    ),
  ),
  ips: Type.Optional(
    Type.Array(
      Type.Object({
        version: Type.Optional(Type.String()),
        interface: Type.Optional(Type.Integer()),
        address: Type.String(),
        gateway: Type.Optional(Type.String()),
      }),
    ),
  ),
  routes: Type.Optional(
    Type.Array(
      Type.Object({
        dst: Type.String(),
        gw: Type.Optional(Type.String()),
        mtu: Type.Optional(Type.Integer()),
        priority: Type.Optional(Type.Integer()),
        table: Type.Optional(Type.Integer()),
        scope: Type.Optional(Type.Integer()),
      }),
    ),
  ),
})
export type Result = Static<typeof ResultSchema>
export type ResultInterface = NonNullable<Result['interfaces']>[number]
export type ResultAddress = NonNullable<Result['ips']>[number]
export type ResultRoute = NonNullable<Result['routes']>[number]
