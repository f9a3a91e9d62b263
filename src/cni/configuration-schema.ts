import { type Static, Type } from '@sinclair/typebox'
import { CONFIGURATION_DEFAULTS } from './configuration-defaults.js'
import { ResultSchema } from './result-schema.js'

/** The keys of the configuration. A description says what is allowed: it ends errors about its key. */
export const ConfigurationSchema = Type.Object({
  name: Type.String({ description: 'a text, the name of the network' }),
  device: Type.String({
    minLength: 1,
    description: 'a text, the name or an alternative name of the host device to lend',
  }),
  useInterfaceNetwork: Type.Optional(
    Type.Boolean({
      default: CONFIGURATION_DEFAULTS.useInterfaceNetwork,
      description: 'true or false: whether the addresses and routes of the device go with it',
    }),
  ),
  stateDir: Type.Optional(
    Type.String({
      pattern: '^/',
      default: CONFIGURATION_DEFAULTS.stateDir,
      description: 'the absolute path of the directory that remembers what was lent',
    }),
  ),
  prevResult: Type.Optional(
    Type.Object(ResultSchema.properties, {
      description: 'the result of the plugin before, with interfaces, ips and routes',
    }),
  ),
})

/** The keys as an operator may write them. */
export type WrittenConfiguration = Static<typeof ConfigurationSchema>

/** A configuration with its defaults filled in. */
export type Configuration = WrittenConfiguration &
  Required<Pick<WrittenConfiguration, keyof typeof CONFIGURATION_DEFAULTS>>
