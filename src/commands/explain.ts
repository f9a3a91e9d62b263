import { readFileSync } from 'node:fs'
import { readConfiguration } from '../cni/configuration.js'
import type { Configuration } from '../cni/configuration-schema.js'
import { findDevice } from '../device/find-device.js'
import type { Link } from '../kernel/objects/link.js'
import { Place } from '../kernel/place.js'
import { captureHostNetworkState } from '../network-state/capture.js'
import { carriedState } from '../network-state/carried.js'
import {
  describeAddress,
  describeNeighbor,
  describeRoute,
  describeRule,
} from '../network-state/describe.js'
import type { Captured, HostNetworkState } from '../network-state/model-schema.js'
import { REASONS } from '../network-state/reasons.js'

/**
 * `explain`: what would become of everything the host gave a device.
 * @param configurationFile of which network; undefined for the defaults
 * @throws Failure for a device that is not there, CniError for a bad configuration
 */
export function explain(
  deviceName: string,
  configurationFile: string | undefined,
  asJson: boolean,
): { text: string } | { document: object } {
  const configuration = configurationFor(deviceName, configurationFile)
  using host = Place.host()
  const device = findDevice(host, { device: deviceName })
  const state = captureHostNetworkState(host, device, configuration)
  const { remarks } = carriedState(state, device)
  return asJson
    ? { document: { device, ...state, remarks } }
    : { text: asText(device, state, remarks) }
}

function configurationFor(device: string, file: string | undefined): Configuration {
  const network = file === undefined ? {} : ownPart(JSON.parse(readFileSync(file, 'utf8')))
  return readConfiguration({ name: 'explain', ...network, device })
}

/** Of a list of configurations, the one of this plugin. */
function ownPart(network: { plugins?: { type?: string }[] }): object {
  return network.plugins?.find(({ type }) => type === 'host-device-l3') ?? network
}

function asText(device: Link, state: HostNetworkState, remarks: string[]): string {
  const { name, hardwareAddress, mtu, up } = device
  const sections = [
    `${name}: ${up ? 'up' : 'down'}, ${hardwareAddress}, mtu ${mtu}`,
    section('addresses', state.addresses, describeAddress),
    section('routes', state.routes, (route) => describeRoute(route, name)),
    section('rules', state.rules, describeRule),
    section('neighbours', state.neighbors, describeNeighbor),
    list(
      'sysctls',
      state.sysctls.map(({ name: setting, value }) => `${setting} = ${value}`),
    ),
    list('remarks', remarks),
  ]
  return `${sections.filter((text) => text !== '').join('\n\n')}\n`
}

function section<T>(title: string, things: Captured<T>[], describe: (value: T) => string): string {
  const rows = things.map(({ value, leftBehind }) => [
    leftBehind === undefined ? 'carried' : 'left behind',
    describe(value),
    leftBehind === undefined ? '' : REASONS[leftBehind].words,
  ])
  const width = Math.max(...rows.map(([, what]) => what?.length ?? 0))
  return list(
    title,
    rows.map(([verdict = '', what = '', why]) =>
      `${verdict.padEnd(11)}  ${what.padEnd(width)}  ${why}`.trimEnd(),
    ),
  )
}

function list(title: string, lines: string[]): string {
  return lines.length === 0 ? '' : [title, ...lines.map((line) => `  ${line}`)].join('\n')
}
