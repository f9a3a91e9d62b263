import { type Static, Type } from '@sinclair/typebox'

/** As wide as the kernel's fields. */
const Unsigned32 = Type.Integer({ minimum: 0, maximum: 0xffffffff })

const RouteSchema = Type.Object({
  dst: Type.String(),
  gw: Type.Optional(Type.String()),
  mtu: Type.Optional(Unsigned32),
  advmss: Type.Optional(Unsigned32),
  priority: Type.Optional(Unsigned32),
  table: Type.Optional(Unsigned32),
  scope: Type.Optional(Type.Integer({ minimum: 0, maximum: 255 })),
})

/** `ip4` and `ip6` of CNI 0.1.0 and 0.2.0. */
const OneFamilySchema = Type.Object({
  ip: Type.String(),
  gateway: Type.Optional(Type.String()),
  routes: Type.Optional(Type.Array(RouteSchema)),
})

/** A CNI result of any version: the fields this program reads. Other fields are passed through. */
export const ResultSchema = Type.Object({
  cniVersion: Type.Optional(Type.String()),
  interfaces: Type.Optional(
    Type.Array(
      Type.Object({
        name: Type.String(),
        mac: Type.Optional(Type.String()),
        mtu: Type.Optional(Type.Integer()),
        sandbox: Type.Optional(Type.String()),
        socketPath: Type.Optional(Type.String()),
        pciID: Type.Optional(Type.String()),
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
  routes: Type.Optional(Type.Array(RouteSchema)),
  dns: Type.Optional(Type.Object({})),
  ip4: Type.Optional(OneFamilySchema),
  ip6: Type.Optional(OneFamilySchema),
})
export type Result = Static<typeof ResultSchema>
export type OneFamily = Static<typeof OneFamilySchema>
export type ResultInterface = NonNullable<Result['interfaces']>[number]
export type ResultAddress = NonNullable<Result['ips']>[number]
export type ResultRoute = NonNullable<Result['routes']>[number]
