import { LATEST_VERSION, SUPPORTED_VERSIONS } from '../cni/version.js'

/** VERSION: the versions of the specification this plugin speaks. */
export function version() {
  return { cniVersion: LATEST_VERSION, supportedVersions: SUPPORTED_VERSIONS }
}
