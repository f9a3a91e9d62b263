import { ConfigurationSchema } from '../../src/cni/configuration-schema.js'
import { IDENTIFIER } from '../../src/cni/environment.js'

/**
 * The JSON Schema of a network configuration for this plugin, or of a list with such entries; with
 * descriptions and defaults, for editors and for programs that write configurations. It allows what
 * a call allows, but for two rules of the CNI library that a schema cannot express: keys match in
 * any case, and null counts as absent.
 */
export function configurationSchema(): string {
  const { required, ...entry } = ConfigurationSchema
  const { cniVersion } = entry.properties
  const name = { ...entry.properties.name, pattern: IDENTIFIER.source }
  const own = { type: 'object', properties: { type: { const: 'host-device-l3' } } }
  const document = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'host-device-l3',
    description:
      'A network configuration for the CNI plugin host-device-l3, or a list of network configurations with such an entry.',
    definitions: { configuration: { ...entry, properties: { ...entry.properties, name } } },
    type: 'object',
    required,
    if: { type: 'object', required: ['plugins'] },
    // biome-ignore lint/suspicious/noThenProperty: JSON Schema has this keyword
    then: {
      type: 'object',
      properties: {
        cniVersion,
        name,
        plugins: {
          type: 'array',
          items: {
            if: { ...own, required: ['type'] },
            // biome-ignore lint/suspicious/noThenProperty: JSON Schema has this keyword
            then: { $ref: '#/definitions/configuration' },
          },
        },
      },
    },
    else: { $ref: '#/definitions/configuration' },
  }
  return `${JSON.stringify(document, undefined, 2)}\n`
}
