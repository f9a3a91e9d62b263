import { Ajv } from 'ajv'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readConfiguration } from '../../src/cni/configuration.js'
import { ConfigurationSchema } from '../../src/cni/configuration-schema.js'
import { decodeNetwork } from '../../src/cni/network.js'
import { configurationSchema } from '../../tools/share/configuration-schema.js'
import { EXAMPLES, readExample } from '../support/examples.js'
import { validConfiguration } from '../support/valid-configuration.js'

const schema = JSON.parse(configurationSchema())
const isAllowed = new Ajv().compile(schema)

const TYPE = 'host-device-l3'

/** The network as a configuration of its own, and as an entry of a list. */
const bothForms = (network: object) => {
  const { name, ...entry } = network as Record<string, unknown>
  return [
    { ...entry, name, type: TYPE },
    {
      name,
      plugins: [
        { type: 'bridge', mtu: 'x' },
        { ...entry, type: TYPE },
      ],
    },
  ]
}

/** Whether a call allows it. */
async function isAllowedInCall(network: object): Promise<boolean> {
  try {
    readConfiguration(await decodeNetwork(JSON.stringify(network)))
    return true
  } catch {
    return false
  }
}

/** Values near what some key allows, and any others. */
const value = fc.oneof(
  fc.boolean(),
  fc.constantFrom('all', 'none', 'drop', 'move', 'detach', 'debug', '', '/a', 'a', 'eth1', '..'),
  fc.constantFrom(0, 1, 1.5, -1, 3600, 3601, 2 ** 32, '0000:01:00.0', 'a/b', '/devinfo/cni/x'),
  fc.constantFrom([], ['net.ipv4.conf.rp_filter'], ['net.ipv4.ip_forward'], {}, { type: 5 }),
  fc.constantFrom({ default: false }, { default: 1 }, { carry: 'all' }, { carry: 'drop' }),
  fc.constantFrom({ deviceID: 'a/b' }, { timeoutSeconds: -1 }, { nameservers: 'x' }, { ips: [{}] }),
)

describe('the JSON Schema of the configuration', () => {
  it.each(EXAMPLES)('allows cni-conf/%s', (file) => {
    expect(isAllowed(readExample(file)), JSON.stringify(isAllowed.errors)).toBe(true)
  })

  it('allows what is valid, on its own and in a list', () => {
    fc.assert(
      fc.property(validConfiguration('/state'), (network) => {
        for (const form of bothForms(network))
          expect(isAllowed(form), JSON.stringify(isAllowed.errors)).toBe(true)
      }),
    )
  })

  it.each(Object.keys(ConfigurationSchema.properties).filter((key) => key !== 'type'))(
    'allows the values of "%s" that a call allows, and no others',
    async (key) => {
      await fc.assert(
        fc.asyncProperty(value, async (one) => {
          const network = { name: 'n', device: 'eth1', [key]: one }
          const expected = await isAllowedInCall(network)
          for (const form of bothForms(network)) expect(isAllowed(form)).toBe(expected)
        }),
      )
    },
  )

  it('requires a name, and looks at no entry of another plugin', () => {
    expect(isAllowed({ type: TYPE, device: 'eth1' })).toBe(false)
    expect(isAllowed({ plugins: [{ type: TYPE }] })).toBe(false)
    expect(isAllowed({ name: 'n', plugins: [{ type: 'bridge', mode: 5 }] })).toBe(true)
    expect(isAllowed({ name: 'n', plugins: [{ type: TYPE, mode: 5 }] })).toBe(false)
  })
})
