import { type Static, Type } from '@sinclair/typebox'

export const FamilySchema = Type.Union([Type.Literal('inet'), Type.Literal('inet6')])
export type Family = Static<typeof FamilySchema>
