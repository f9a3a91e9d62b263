import { LATEST_VERSION, SUPPORTED_VERSIONS } from '../cni/version.js'

/** VERSION: the versions of the CNI specification that this plugin supports. */
export function version() {
  return { cniVersion: LATEST_VERSION, supportedVersions: SUPPORTED_VERSIONS }
}
