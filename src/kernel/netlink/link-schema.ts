import { type Static, Type } from '@sinclair/typebox'

const number = Type.Optional(Type.Integer())

/** See link-settable.ts. */
export const SettableSchema = Type.Object(
  {
    flags: number,
    transmitQueueLength: number,
    group: number,
    gsoMaxSegments: number,
    gsoMaxSize: number,
    groMaxSize: number,
    gsoIpv4MaxSize: number,
    groIpv4MaxSize: number,
  },
  { description: 'what whoever rules the namespace can set, and a move does not reset' },
)
export type Settable = Static<typeof SettableSchema>

/** How an XDP program is run: by the kernel for every device, by the driver, or by the NIC. */
const XdpModeSchema = Type.Union([
  Type.Literal('generic'),
  Type.Literal('driver'),
  Type.Literal('hardware'),
])
export type XdpMode = Static<typeof XdpModeSchema>

/** See driver-settings.ts. */
const DriverSettingsSchema = Type.Object(
  {
    kind: Type.String({ description: 'such as macvlan' }),
    data: Type.String({ description: 'hexadecimal, as the kernel reports it' }),
  },
  { description: 'what `ip link set … type` sets, for the kinds that a pod can change' },
)
export type DriverSettings = Static<typeof DriverSettingsSchema>

/** A network device, as RTM_GETLINK reports it. */
export const LinkSchema = Type.Object({
  index: Type.Integer(),
  name: Type.String(),
  alternativeNames: Type.Array(Type.String()),
  hardwareAddress: Type.String({ description: 'colon-separated; empty where the device has none' }),
  broadcastAddress: Type.Optional(
    Type.String({
      description: 'to which it sends what is for all stations, such as ARP requests',
    }),
  ),
  permanentAddress: Type.Optional(
    Type.String({ description: 'the hardware address it was made with' }),
  ),
  parentDevice: Type.Optional(
    Type.String({ description: 'bus/name of the device it hangs on: "pci/0000:01:00.0"' }),
  ),
  mtu: Type.Integer(),
  up: Type.Boolean({ description: 'administratively up' }),
  loopback: Type.Boolean(),
  netnsImmutable: Type.Boolean({ description: 'known to belong to its namespace for good' }),
  alias: Type.Optional(Type.String()),
  master: Type.Optional(
    Type.Integer({ description: 'index of the bridge or bond of which it is a port' }),
  ),
  qdisc: Type.Optional(Type.String({ description: 'kind of its root qdisc' })),
  settable: Type.Optional(SettableSchema),
  linkMode: Type.Optional(Type.Integer({ description: 'IF_LINK_MODE_* of linux/if.h' })),
  protocolDown: Type.Optional(
    Type.Boolean({ description: 'kept without a carrier by a program (`protodown`)' }),
  ),
  protocolDownReasons: Type.Optional(Type.Integer({ description: 'a bit for each program' })),
  driverSettings: Type.Optional(DriverSettingsSchema),
  operationalState: Type.Optional(Type.Integer({ description: 'IF_OPER_* of linux/if.h' })),
  xdp: Type.Optional(
    Type.Array(Type.Object({ mode: XdpModeSchema, program: Type.Integer() }), {
      description: 'the ids of XDP programs that are attached',
    }),
  ),
  settings: Type.Optional(
    Type.Object(
      {
        ipv4: Type.Optional(Type.String({ description: 'net.ipv4.conf, hexadecimal' })),
        ipv6: Type.Optional(Type.String({ description: 'net.ipv6.conf, hexadecimal' })),
        token: Type.Optional(Type.String({ description: 'of IPv6, if one was set: "::77"' })),
      },
      { description: 'runs of 32-bit numbers, as the kernel reports them' },
    ),
  ),
})
export type Link = Static<typeof LinkSchema>

/** A device as it is now. What a record has of one may be without settings, for it is to get back none. */
export type PresentLink = Link & Required<Pick<Link, 'settings'>>
