import { CniPlugin } from './cni-plugin.js'
import { debianVersion } from './debian-version.js'

const ROOT = `${process.cwd()}/build/sid/root`

/** Upstream's plugin, the newest that Debian has. */
export function hostDevice(): CniPlugin {
  const version = debianVersion('containernetworking-plugins', ROOT)
  return new CniPlugin('`host-device`', version, `${ROOT}/usr/lib/cni/host-device`)
}
