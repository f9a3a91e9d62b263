import { describeForeign, foreignProgramsOn } from '../device/programs.js'
import { findDevice } from '../device/selector.js'
import { NetworkNamespace } from '../kernel/namespace.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { captureHostNetworkState } from '../state/capture.js'
import { carriedState } from '../state/carry.js'
import { type Decision, decisionsOn } from '../state/describe.js'
import type { HostNetworkState } from '../state/schema.js'
import type { Answer } from './answer.js'
import { readConfigurationFile } from './configuration-file.js'

/**
 * `explain`: for each part of a device's host state, whether ADD would carry it.
 * @param configurationFile a network configuration; undefined for the defaults
 * @throws Failure if there is no such device, CniError for an invalid configuration
 */
export async function explain(
  deviceName: string,
  configurationFile: string | undefined,
  asJson: boolean,
): Promise<Answer> {
  const configuration = await readConfigurationFile('explain', configurationFile, {
    device: deviceName,
  })
  using host = NetworkNamespace.host()
  const device = findDevice(host, { device: deviceName })
  const state = captureHostNetworkState(host, device, configuration)
  const { settings: _, ...shown } = device
  const programs = describeForeign(foreignProgramsOn(host, device))
  const { remarks } = carriedState(state, device)
  return asJson
    ? { kind: 'document', document: { device: shown, ...state, programs, remarks }, failed: false }
    : { kind: 'text', text: asText(device, state, programs, remarks), failed: false }
}

function asText(
  device: Link,
  state: HostNetworkState,
  programs: string[],
  remarks: string[],
): string {
  const { name, hardwareAddress, mtu, up } = device
  const decisions = decisionsOn(state, device)
  const sections = [
    `${name}: ${up ? 'up' : 'down'}, ${hardwareAddress}, mtu ${mtu}`,
    section('addresses', decisions, 'address'),
    section('routes', decisions, 'route'),
    section('rules', decisions, 'rule'),
    section('neighbours', decisions, 'neighbour'),
    list(
      'sysctls',
      state.sysctls.map(({ name: setting, value }) => `${setting} = ${value}`),
    ),
    list('programs of others', programs),
    list('remarks', remarks),
  ]
  return `${sections.filter((text) => text !== '').join('\n\n')}\n`
}

function section(title: string, decisions: Decision[], kind: Decision['kind']): string {
  const things = decisions.filter((decision) => decision.kind === kind)
  const width = Math.max(...things.map(({ what }) => what.length))
  return list(
    title,
    things.map(({ what, why }) =>
      why === undefined ? `carried      ${what}` : `left behind  ${what.padEnd(width)}  ${why}`,
    ),
  )
}

function list(title: string, lines: string[]): string {
  return lines.length === 0 ? '' : [title, ...lines.map((line) => `  ${line}`)].join('\n')
}
