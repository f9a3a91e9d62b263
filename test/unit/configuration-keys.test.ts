import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CONFIGURATION_DEFAULTS } from '../../src/cni/configuration-defaults.js'
import { ConfigurationSchema } from '../../src/cni/configuration-schema.js'
import { configurationSchema } from '../../tools/share/configuration-schema.js'
import { validConfiguration } from '../support/valid-configuration.js'

const keys = Object.keys(ConfigurationSchema.properties).sort()
const documentation = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8')

/** The rows of the page's tables whose first cell is a key: the key, and the second cell. */
const rows = [...documentation.matchAll(/^\| `([^`]+)` \| ([^|]*) \|/gm)].map(
  ([, key = '', second = '']) => ({
    key: key.replace(/^runtimeConfig\..*/, 'runtimeConfig'),
    second,
  }),
)

describe('every key of the configuration schema', () => {
  it('is in a table of docs/configuration.md, once', () => {
    expect(rows.map(({ key }) => key).sort()).toEqual(keys)
  })

  it('is in test/support/valid-configuration.ts', () => {
    const samples = fc.sample(validConfiguration('/state'), { seed: 1, numRuns: 300 })
    expect([...new Set(samples.flatMap(Object.keys))].sort()).toEqual(keys)
  })

  it.each(Object.entries(CONFIGURATION_DEFAULTS))('has its default there: %s', (name, value) => {
    expect(rows.find(({ key }) => key === name)?.second).toBe(`\`${JSON.stringify(value)}\``)
  })

  it('has its default in the JSON Schema, too', () => {
    const { configuration } = JSON.parse(configurationSchema()).definitions
    const properties = Object.entries<{ default?: unknown }>(configuration.properties)
    expect(properties.map(([key]) => key).sort()).toEqual(keys)
    const defaults = properties.filter(([, property]) => 'default' in property)
    expect(Object.fromEntries(defaults.map(([key, one]) => [key, one.default]))).toEqual(
      CONFIGURATION_DEFAULTS,
    )
  })

  it.each(Object.entries(ConfigurationSchema.properties))(
    'says what is allowed: %s',
    (_, schema) => {
      expect(schema.description).toMatch(/\w/)
    },
  )
})
