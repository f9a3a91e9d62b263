import type { Configuration } from '../cni/configuration-schema.js'
import type { Environment } from '../cni/environment.js'
import type { CniVersion } from '../cni/version.js'

/** A call that works on an attachment, checked and complete. */
export interface Call {
  environment: Environment
  cniVersion: CniVersion
  configuration: Configuration
}
