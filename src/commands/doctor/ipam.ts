import { existsSync } from 'node:fs'
import { requireSupportedVersion } from '../../cni/version.js'
import { findPlugin } from '../../ipam/ipam.js'
import { readAnswer, runPlugin } from '../../ipam/run-plugin.js'
import { type CheckOfFiles, type Finding, fault, warning } from './finding.js'

const DEFAULT_PATH = '/opt/cni/bin'
const ABOUT = 'IPAM plugin'

/** The socket of the daemon that the plugin "dhcp" asks. */
const DHCP_SOCKET = '/run/cni/dhcp.sock'

/** How long a plugin may take to say which versions it knows. */
const LONGEST_MILLISECONDS = 10_000

/** Whether the IPAM plugin of the configuration is there, runs, and knows the version of the configuration. */
export const ipam: CheckOfFiles = async ({ ipam: wanted, cniVersion }) => {
  const type = wanted?.type
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
    return [fault(ABOUT, `${(error as Error).message}${why}`, cure)]
  }
  const version = requireSupportedVersion(cniVersion, 'ADD')
  const findings = await inVersion({ path, name: JSON.stringify(type) }, version)
  if (type === 'dhcp' && !existsSync(DHCP_SOCKET))
    findings.push(
      fault(
        ABOUT,
        `the daemon of "dhcp" does not run: there is no ${DHCP_SOCKET}`,
        `run '${path} daemon' as a service`,
      ),
    )
  return findings
}

/** Asks the plugin for the versions that it knows, as a runtime does, which changes nothing. */
async function inVersion(
  plugin: { path: string; name: string },
  version: string,
): Promise<Finding[]> {
  const { path, name } = plugin
  const variables = { ...process.env, CNI_COMMAND: 'VERSION' }
  const given = { variables, input: JSON.stringify({ cniVersion: version }) }
  const outcome = await runPlugin(path, given, LONGEST_MILLISECONDS)
  const see = `CNI_COMMAND=VERSION ${path} </dev/null`
  let known: unknown
  try {
    const answer = await readAnswer(plugin.name, outcome)
    known = (answer as { supportedVersions?: unknown } | undefined)?.supportedVersions
  } catch (error) {
    const isStarted = outcome.trouble === undefined
    const cure = isStarted ? `see what it says: ${see}` : `have it start: ${see}`
    return [(isStarted ? warning : fault)(ABOUT, (error as Error).message, cure)]
  }
  if (!Array.isArray(known))
    return [warning(ABOUT, `${name} does not say which versions of CNI it knows`, `see ${see}`)]
  if (known.includes(version)) return []
  return [
    fault(
      ABOUT,
      `${name} knows CNI ${known.join(', ')}, and the configuration is of ${version}`,
      'install a version of it that knows that, or set "cniVersion" to one that both know',
    ),
  ]
}
