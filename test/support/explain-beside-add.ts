import { writeFileSync } from 'node:fs'
import { type CallOptions, callPlugin, type Outcome } from './plugin.js'
import { runSync } from './run-sync.js'
import type { Testbed } from './testbed.js'

/** What was said of a call: by ADD, or by `explain` in advance. */
export interface Said {
  exitCode: number | undefined
  /** Code, message and details; undefined where ADD lends, or would. */
  refusal: object | undefined
  /** Without the seconds that pass. */
  warnings: string[]
}

/** What `explain --json` prints. */
export interface ExplainDocument {
  device?: { index: number }
  addresses: Judged<{ local: string; prefixLength: number }>[]
  routes: Judged<RouteOfHost>[]
  rules: Judged<{ family: string; priority: number }>[]
  warnings: string[]
  verdict: { accepts: boolean; would?: string; code?: number; msg?: string; details?: string }
}

interface Judged<T> {
  value: T
  leftBehind?: string
}

interface RouteOfHost {
  destination: string
  table: number
  priority?: number
  nexthops: { interfaceIndex: number; gateway?: string }[]
}

/**
 * Has `explain` look at the call of an ADD, and then makes that call.
 * @param options of the ADD
 */
export function askBoth(
  testbed: Testbed,
  path: string,
  options: CallOptions = {},
): { explained: Said; document: ExplainDocument; added: Said; outcome: Outcome } {
  const document = explain(testbed, path, options)
  const { accepts, ...refusal } = document.verdict
  const explained = {
    exitCode: accepts ? 0 : 1,
    refusal: accepts ? undefined : refusal,
    warnings: document.warnings.map(timeless),
  }
  const outcome = callPlugin(testbed, path, 'ADD', options)
  const { exitCode, stderr } = outcome
  const { cniVersion: _, ...error } = exitCode === 0 ? {} : outcome.document
  const warnings = stderr.split('\n').filter((line) => line !== '')
  const added = {
    exitCode,
    refusal: exitCode === 0 ? undefined : error,
    warnings: warnings.map((line) => timeless(line.replace('host-device-l3: ', ''))),
  }
  return { explained, document, added, outcome }
}

function explain(
  testbed: Testbed,
  path: string,
  { configuration, input, variables = {}, wrapper = [] }: CallOptions,
): ExplainDocument {
  const file = `${testbed.stateDirectory}/configuration`
  const whole = {
    ...{ cniVersion: '1.1.0', name: 'lent', type: 'host-device-l3', device: 'eth1' },
    ...{ stateDir: testbed.stateDirectory, ...configuration },
  }
  writeFileSync(file, input ?? JSON.stringify(whole))
  const { CNI_NETNS = testbed.sandboxPath, CNI_IFNAME = 'net1' } = variables
  const words = ['explain', '--json', '--config', file, '--netns', CNI_NETNS]
  const { exitCode, stdout, stderr } = runSync(
    'ip',
    ['netns', 'exec', testbed.host, ...wrapper, path, ...words, '--interface', CNI_IFNAME],
    { env: { PATH: process.env.PATH }, extendEnv: false, reject: false },
  )
  const isMeant = stderr === '' && stdout !== '' && exitCode !== undefined
  if (!isMeant) throw new Error(`explain ended with ${exitCode}: ${stderr}`)
  const document = JSON.parse(stdout) as ExplainDocument
  if (exitCode !== (document.verdict.accepts ? 0 : 1)) throw new Error(`exit code ${exitCode}`)
  return document
}

function timeless(text: string): string {
  return text.replaceAll(/\d+ seconds/g, 'some seconds')
}

/** What a pod is given, by an explanation or a result: in words that can be compared. */
export interface Given {
  ips: string[]
  /** Each once: a result does not tell more of two routes that differ in their protocol or scope. */
  routes: string[]
  /** Family and priority. */
  rules: string[]
}

/** What `explain` says that is carried. */
export function givenIn({ device, addresses, routes, rules }: ExplainDocument): Given {
  return {
    ips: carried(addresses).map(({ local, prefixLength }) => `${local}/${prefixLength}`),
    routes: eachOnce(
      carried(routes).map(({ destination: dst, table, priority, nexthops }) => {
        const own = nexthops.find(({ interfaceIndex }) => interfaceIndex === device?.index)
        return [dst, own?.gateway, table, priority]
      }),
    ),
    rules: carried(rules)
      .map(({ family, priority }) => `${family} ${priority}`)
      .toSorted(),
  }
}

/** What ADD says that is there, and the rules that `ip` shows in the pod. */
export function givenBy(testbed: Testbed, { document }: Outcome): Given {
  const { ips = [], routes = [] } = document
  const isOwn = ({ priority }: { priority: number }) => ![0, 32766, 32767].includes(priority)
  const rules = (family: string, option: string) =>
    (JSON.parse(testbed.inPod(`-json ${option} rule`)) as { priority: number }[])
      .filter(isOwn)
      .map(({ priority }) => `${family} ${priority}`)
  return {
    ips: ips.map(({ address }: { address: string }) => address),
    routes: eachOnce(
      routes.map(({ dst, gw, table, priority }: Record<string, unknown>) => [
        ...[dst, gw, table, priority],
      ]),
    ),
    rules: [...rules('inet', '-4'), ...rules('inet6', '-6')].toSorted(),
  }
}

function eachOnce(routes: unknown[][]): string[] {
  return [...new Set(routes.map((route) => JSON.stringify(route)))]
}

function carried<T>(all: Judged<T>[]): T[] {
  return all.flatMap(({ value, leftBehind }) => (leftBehind === undefined ? [value] : []))
}
