import { type Static, Type } from '@sinclair/typebox'

/** A per-interface kernel setting, named without its interface: "net.ipv4.conf.rp_filter". */
export const SysctlSchema = Type.Object({
  name: Type.String(),
  value: Type.String(),
})
export type Sysctl = Static<typeof SysctlSchema>
