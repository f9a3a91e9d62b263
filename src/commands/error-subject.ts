import type { Environment } from '../cni/environment.js'
import { ErrorCode, type ErrorDocument } from '../cni/error.js'
import { isObject, type RawNetwork } from '../cni/network.js'
import { type Phase, reached } from '../phases.js'
import { printableLine } from '../printable.js'

/** What a call is about. What it does not know is empty. */
export interface Subject {
  command: string
  /** The device's name on the host, or what else selects it. */
  device: string
  /** The interface's name in the sandbox. */
  interfaceName: string
  sandboxPath: string
}

/** Maximum number of characters of a path or a name that is quoted. */
const QUOTED_CHARACTERS = 255

/**
 * What the details of a refusal begin with. It is looked for in the text: by the time they come here, the
 * details of several errors may have become one.
 */
const NOTHING_CHANGED = 'nothing was changed'

/** In this order: a device's name says more than its place on a bus. */
const SELECTORS = ['device', 'hwaddr', 'kernelpath', 'pciBusID'] as const

/** What ADD did in a phase. Looking is left out: it is what most refusals are about. */
const DOING: Partial<Record<Phase, string>> = {
  locks: 'it waited for its locks',
  capture: 'it read the state of the device',
  record: 'it wrote its record',
  move: 'it moved the device',
  apply: 'it gave the interface its state',
  ipam: 'the IPAM plugin assigned addresses',
  report: 'it made its result',
}

/** Errors after which DEL is called again as it is, and may succeed. */
const PASSING: number[] = [
  ErrorCode.inputOutput,
  ErrorCode.tryAgainLater,
  ErrorCode.kernelRefused,
  ErrorCode.internal,
]

/**
 * Adds to the details of an error what it does not say itself: what state things are in, and the
 * command, the device and the sandbox. Many errors come from where these are not known, such as a
 * lock or a table of the kernel.
 */
export function withSubject(
  document: ErrorDocument,
  environment: Environment,
  network: RawNetwork,
): ErrorDocument {
  const { command } = environment
  const { code, msg } = document
  const details = withEarlierChange(document.details ?? '')
  const unsaidOf = command === 'GC' ? networkUnsaid : unsaid
  const subject = subjectOf(environment, network)
  const more = [stateOf(command, code, details), unsaidOf(subject, `${msg}; ${details}`, network)]
  const all = [details, ...more].filter((text) => text !== '').join('; ')
  return all === '' ? document : { ...document, details: all }
}

/**
 * A refusal does not know what the call did before: it may have ended an earlier loan and brought its
 * device home, or restored what was outstanding.
 */
function withEarlierChange(details: string): string {
  return reached().hasChanged
    ? details.replaceAll(NOTHING_CHANGED, 'nothing else was changed')
    : details
}

/** "ADD was for eth1, as net1 in sandbox /run/netns/x"; empty for an error that says as much. */
export function unsaid(subject: Subject, said: string): string {
  const { command, device, interfaceName, sandboxPath } = subject
  const words = new Set(said.split(/[\s"';,()]+/).map(withoutEnding))
  const isSaid = (name: string) =>
    name === '' || words.has(withoutEnding(printableLine(name.slice(name.lastIndexOf(' ') + 1))))
  if (isSaid(device) && isSaid(sandboxPath)) return ''
  const place = sandboxPath === '' ? '' : ` in sandbox ${quoted(sandboxPath)}`
  const as = interfaceName === '' ? '' : `${quoted(interfaceName)}${place}`
  const what = device === '' ? as : [quoted(device), as && `as ${as}`].filter(Boolean).join(', ')
  return `${command} was for ${what}${whileDoing(command)}`
}

/** GC is about a network: each of its failures names a device. */
function networkUnsaid({ command }: Subject, said: string, { name }: RawNetwork): string {
  return said.includes(`${command} was for`) ? '' : `${command} was for the network ${name}`
}

/** Without the colon or full stop behind it. A search for all of them would take too long for some texts. */
function withoutEnding(word: string): string {
  return /[.:]$/.test(word.slice(-1)) ? word.slice(0, -1) : word
}

function subjectOf({ command, ifName, netns }: Environment, network: RawNetwork): Subject {
  const { runtimeConfig } = network
  const chosen = isObject(runtimeConfig) ? runtimeConfig.deviceID : undefined
  const [selector] = [...SELECTORS.map((key) => [key, network[key]]), ['deviceID', chosen]].filter(
    (pair): pair is [string, string] => typeof pair[1] === 'string' && pair[1] !== '',
  )
  const [key, whole = ''] = selector ?? []
  const value = whole.slice(0, QUOTED_CHARACTERS)
  const device = key === 'device' || value === '' ? value : `the device with ${key} ${value}`
  // STATUS is about no sandbox, whatever is in its environment.
  if (command === 'STATUS') return { command, device, interfaceName: '', sandboxPath: '' }
  const interfaceName = typeof network.ifName === 'string' ? network.ifName : ifName
  return { command, device, interfaceName, sandboxPath: netns }
}

/** Empty where it is said, or is not known here. */
function stateOf(command: string, code: number, details: string): string {
  if (command === 'ADD')
    return reached().hasChanged || details.includes(NOTHING_CHANGED) ? '' : NOTHING_CHANGED
  return command === 'DEL' && details === '' && PASSING.includes(code)
    ? 'a later DEL tries again'
    : ''
}

/** Only ADD ends where it fails: the others go on with what else there is to do. */
function whileDoing(command: string): string {
  const doing = DOING[reached().phase]
  return command === 'ADD' && doing !== undefined ? `, and failed while ${doing}` : ''
}

function quoted(text: string): string {
  return printableLine(text.slice(0, QUOTED_CHARACTERS))
}
