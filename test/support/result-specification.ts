import { type TSchema, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { expect } from 'vitest'

/**
 * What the CNI specification says a result is, version by version. Written from the
 * specification and not from the plugin: the plugin is measured by it.
 */

const strictly = { additionalProperties: false }

const OCTET = '(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])'
const IPV4 = `(${OCTET}\\.){3}${OCTET}`
const GROUP = '[0-9a-f]{1,4}'
/** Eight groups, or fewer around one double colon; an IPv4 address may be the end of it. */
const IPV6 = `((${GROUP}:){7}${GROUP}|(${GROUP}(:${GROUP}){0,6})?::((${GROUP}:){0,6}(${GROUP}|${IPV4}))?)`
const IPV4_LENGTH = '(3[0-2]|[12]?[0-9])'
const IPV6_LENGTH = '(12[0-8]|1[01][0-9]|[1-9]?[0-9])'

const text = (pattern: string) => Type.String({ pattern: `^${pattern}$` })
const Cidr4 = text(`${IPV4}/${IPV4_LENGTH}`)
const Cidr6 = text(`${IPV6}/${IPV6_LENGTH}`)
const Cidr = text(`(${IPV4}/${IPV4_LENGTH}|${IPV6}/${IPV6_LENGTH})`)
const Ip = text(`(${IPV4}|${IPV6})`)
const Mac = text('[0-9a-f]{2}(:[0-9a-f]{2}){5,19}')
const Unsigned = Type.Integer({ minimum: 0, maximum: 2 ** 32 - 1 })
const InterfaceName = Type.String({ pattern: '^[^/:\\s]{1,15}$' })

const Dns = Type.Object(
  {
    nameservers: Type.Optional(Type.Array(Ip)),
    domain: Type.Optional(Type.String()),
    search: Type.Optional(Type.Array(Type.String())),
    options: Type.Optional(Type.Array(Type.String())),
  },
  strictly,
)

/** 0.1.0 and 0.2.0: one address of each family, and at least one at all. */
function oneFamily(cidr: TSchema, ip: TSchema) {
  const Route = Type.Object({ dst: cidr, gw: Type.Optional(ip) }, strictly)
  return Type.Object(
    { ip: cidr, gateway: Type.Optional(ip), routes: Type.Optional(Type.Array(Route)) },
    strictly,
  )
}
const ByFamily = Type.Object(
  {
    cniVersion: Type.Union([Type.Literal('0.1.0'), Type.Literal('0.2.0')]),
    ip4: Type.Optional(oneFamily(Cidr4, text(IPV4))),
    ip6: Type.Optional(oneFamily(Cidr6, text(IPV6))),
    dns: Type.Optional(Dns),
  },
  { ...strictly, minProperties: 2 },
)

/** The library has all of these in the routes of every version since 0.3.0. */
const Route = Type.Object(
  {
    dst: Cidr,
    gw: Type.Optional(Ip),
    mtu: Type.Optional(Unsigned),
    advmss: Type.Optional(Unsigned),
    priority: Type.Optional(Unsigned),
    table: Type.Optional(Unsigned),
    scope: Type.Optional(Type.Integer({ minimum: 0, maximum: 255 })),
  },
  strictly,
)

const interfaceOf = {
  name: InterfaceName,
  mac: Type.Optional(Mac),
  sandbox: Type.Optional(Type.String({ minLength: 1 })),
}
const addressOf = {
  gateway: Type.Optional(Ip),
  interface: Type.Optional(Unsigned),
}

function listing(versions: string[], Interface: TSchema, Address: TSchema) {
  return Type.Object(
    {
      cniVersion: Type.Union(versions.map((version) => Type.Literal(version))),
      interfaces: Type.Optional(Type.Array(Interface)),
      ips: Type.Optional(Type.Array(Address)),
      routes: Type.Optional(Type.Array(Route)),
      dns: Type.Optional(Dns),
    },
    strictly,
  )
}

const AddressWithVersion = Type.Union([
  Type.Object({ version: Type.Literal('4'), address: Cidr4, ...addressOf }, strictly),
  Type.Object({ version: Type.Literal('6'), address: Cidr6, ...addressOf }, strictly),
])
const Address = Type.Object({ address: Cidr, ...addressOf }, strictly)

const Before1 = listing(
  ['0.3.0', '0.3.1', '0.4.0'],
  Type.Object(interfaceOf, strictly),
  AddressWithVersion,
)
const Since1 = listing(['1.0.0'], Type.Object(interfaceOf, strictly), Address)
const Since11 = listing(
  ['1.1.0'],
  Type.Object(
    {
      ...interfaceOf,
      mtu: Type.Optional(Unsigned),
      socketPath: Type.Optional(Type.String()),
      pciID: Type.Optional(Type.String()),
    },
    strictly,
  ),
  Address,
)

const SPECIFICATIONS: Record<string, TSchema> = {
  ...{ '0.1.0': ByFamily, '0.2.0': ByFamily },
  ...{ '0.3.0': Before1, '0.3.1': Before1, '0.4.0': Before1 },
  ...{ '1.0.0': Since1, '1.1.0': Since11 },
}

/** Every version there is a specification of. */
export const VERSIONS = Object.keys(SPECIFICATIONS)

/** What in a document is not as the specification of its version has it; empty for a result. */
// biome-ignore lint/suspicious/noExplicitAny: any document may claim to be a result
export function faultsOf(document: any): string[] {
  const specification = SPECIFICATIONS[document?.cniVersion]
  if (!specification) return [`there is no version ${document?.cniVersion}`]
  const faults = [...Value.Errors(specification, document)].map(
    ({ path, message, value }) => `${path}: ${message}, found ${JSON.stringify(value)}`,
  )
  if (faults.length > 0) return faults
  const count = document.interfaces?.length ?? 0
  return (document.ips ?? [])
    .filter((ip: { interface?: number }) => ip.interface !== undefined && ip.interface >= count)
    .map((ip: object) => `${JSON.stringify(ip)} is of an interface that is not listed`)
}

/** Expects a success result to be one of its version. */
export function expectValidResult(document: unknown): void {
  expect(faultsOf(document), JSON.stringify(document)).toEqual([])
}
