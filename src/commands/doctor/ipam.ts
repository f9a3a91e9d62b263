import { existsSync, statSync } from 'node:fs'
import { findPlugin } from '../../ipam/ipam.js'
import { type CheckOfFiles, fault } from './finding.js'

const DEFAULT_PATH = '/opt/cni/bin'
const EXECUTABLE = 0o111

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
    return [
      fault(
        'IPAM plugin',
        (error as Error).message,
        `install it there, or set CNI_PATH to the runtime's directories of plugins`,
      ),
    ]
  }
  if ((statSync(path).mode & EXECUTABLE) === 0)
    return [fault('IPAM plugin', `${path} is not executable`, `chmod 755 ${path}`)]
  if (type !== 'dhcp' || existsSync(DHCP_SOCKET)) return []
  return [
    fault(
      'IPAM plugin',
      `the daemon of "dhcp" does not run: there is no ${DHCP_SOCKET}`,
      `run '${path} daemon' as a service`,
    ),
  ]
}
