import { Type } from '@sinclair/typebox'

/** A value the codec has a name for ("STATIC", "blackhole"), or its number. */
export const NamedNumberSchema = Type.Union([
  Type.String(),
  Type.Integer({ minimum: 0, maximum: 255 }),
])
