import { type Static, Type } from '@sinclair/typebox'
import { ResultSchema } from './result-schema.js'

/** The keys of the configuration; each description ends an error about that key. */
export const ConfigurationSchema = Type.Object({
  name: Type.String({ description: 'the name of the network' }),
  device: Type.String({
    minLength: 1,
    description: 'the host device to lend, by its name or an alternative name',
  }),
  useInterfaceNetwork: Type.Optional(
    Type.Boolean({
      default: true,
      description: 'whether the addresses and routes of the device go with it',
    }),
  ),
  stateDir: Type.Optional(
    Type.String({
      pattern: '^/',
      default: '/var/lib/cni/host-device-l3',
      description: 'the absolute path of the directory that remembers what was lent',
    }),
  ),
  prevResult: Type.Optional(ResultSchema),
})

/** A configuration with its defaults filled in. */
export type Configuration = Required<Omit<Static<typeof ConfigurationSchema>, 'prevResult'>> & {
  prevResult: Static<typeof ResultSchema> | undefined
}
