import { existsSync } from 'node:fs'
import { findPlugin } from '../../ipam/ipam.js'
import { type CheckOfFiles, fault } from './finding.js'

const DEFAULT_PATH = '/opt/cni/bin'

/** The socket of the daemon that the plugin "dhcp" asks. */
const DHCP_SOCKET = '/run/cni/dhcp.sock'

/** Whether the IPAM plugin of the configuration is there. */
export const ipam: CheckOfFiles = (configuration) => {
  const type = configuration.ipam?.type
  if (!type) return []
  const searchPath = process.env.CNI_PATH || DEFAULT_PATH
  let path: string
  try {
    path = findPlugin(type, searchPath)
  } catch (error) {
    const other = searchPath.split(':').find((directory) => existsSync(`${directory}/${type}`))
    const cure =
      other === undefined
        ? "install it there, or set CNI_PATH to the runtime's directories of plugins"
        : `chmod 755 ${other}/${type}, if it is a plugin`
    const why = other === undefined ? '' : `: ${other}/${type} is not executable`
    return [fault('IPAM plugin', `${(error as Error).message}${why}`, cure)]
  }
  if (type !== 'dhcp' || existsSync(DHCP_SOCKET)) return []
  return [
    fault(
      'IPAM plugin',
      `the daemon of "dhcp" does not run: there is no ${DHCP_SOCKET}`,
      `run '${path} daemon' as a service`,
    ),
  ]
}
