import type { Configuration, WrittenConfiguration } from '../cni/configuration-schema.js'
import type { Environment } from '../cni/environment.js'
import type { CniVersion } from '../cni/version.js'

/** A call of a runtime, checked and complete. */
export interface Call {
  environment: Environment
  cniVersion: CniVersion
  /** Its `prevResult` is in the form of 1.x, whatever the version. */
  configuration: Configuration
  /** Only the keys that the operator wrote. */
  written: WrittenConfiguration
  /** The whole environment and stdin as they came, for the plugins that this one calls. */
  variables: NodeJS.ProcessEnv
  input: string
}

/** A command: answers with a document for stdout, or with none. */
export type Command = (call: Call) => Promise<object | undefined>
