import { type Attribute, bytes, encodeAttributes, text } from './attributes.js'
import { writeS32, writeU16 } from './bytes.js'

/** Of linux/pkt_cls.h and linux/tc_act/tc_vlan.h. */
const TCA_ACT = { kind: 1, options: 2 } as const
const TCA_VLAN = { parameters: 2, id: 3 } as const

/** struct tc_vlan, and where in it is what to do with the tag, and what then. */
const PARAMETERS_BYTES = 24
const NEXT_OFFSET = 8
const WHAT_OFFSET = 20

const WHAT = { pop: 1, push: 2 } as const
const NEXT = { 'next action': 3, 'next filter': -1 } as const

/** What a filter does with a packet's VLAN tag. */
export interface VlanAction {
  what: keyof typeof WHAT
  next: keyof typeof NEXT
}

/** An action of a filter; a tag that is put on has the id 1. */
export function encodeVlanAction({ what, next }: VlanAction): Buffer {
  const parameters = Buffer.alloc(PARAMETERS_BYTES)
  writeS32(parameters, NEXT[next], NEXT_OFFSET)
  writeS32(parameters, WHAT[what], WHAT_OFFSET)
  const options = [bytes(TCA_VLAN.parameters, parameters)]
  if (what === 'push') options.push(vlanId(1))
  return encodeAttributes([
    text(TCA_ACT.kind, 'vlan'),
    { type: TCA_ACT.options, nested: true, data: encodeAttributes(options) },
  ])
}

function vlanId(id: number): Attribute {
  const data = Buffer.alloc(2)
  writeU16(data, id, 0)
  return bytes(TCA_VLAN.id, data)
}
