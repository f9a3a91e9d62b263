import { CniError, ErrorCode } from './error.js'

/** The CNI variables of a call for an attachment. Unset variables are empty. */
export interface Environment {
  command: string
  containerId: string
  netns: string
  ifName: string
  /** CNI_PATH: directories of plugins, separated by colons. */
  path: string
  /** CNI_ARGS: KEY=VALUE pairs about the pod, separated by semicolons. */
  args: string
  /** "1" or "true" allow a sandbox that is the namespace of this process. */
  netnsOverride: string
}

interface Variable {
  name: string
  key: keyof Environment
  requiredBy: string[]
  validate?: (value: string) => void
}

const ATTACHMENT_COMMANDS = ['ADD', 'CHECK', 'DEL']
/** What the CNI library allows as the name of a network and as the id of a container. */
export const IDENTIFIER = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/

/** Maximum length of an interface's name: IFNAMSIZ without the closing zero byte. */
export const INTERFACE_NAME_BYTES = 15

/** In the order in which the CNI library checks them: the first error is reported. */
const VARIABLES: Variable[] = [
  {
    name: 'CNI_CONTAINERID',
    key: 'containerId',
    requiredBy: ATTACHMENT_COMMANDS,
    validate: validateContainerId,
  },
  { name: 'CNI_NETNS', key: 'netns', requiredBy: ['ADD', 'CHECK'] },
  {
    name: 'CNI_IFNAME',
    key: 'ifName',
    requiredBy: ATTACHMENT_COMMANDS,
    validate: validateInterfaceName,
  },
  { name: 'CNI_ARGS', key: 'args', requiredBy: [] },
  { name: 'CNI_PATH', key: 'path', requiredBy: [...ATTACHMENT_COMMANDS, 'GC', 'STATUS'] },
  { name: 'CNI_NETNS_OVERRIDE', key: 'netnsOverride', requiredBy: [] },
]

/**
 * Reads the CNI variables.
 * @throws CniError 4 for an invalid value, or listing all missing variables
 */
export function readEnvironment(variables: NodeJS.ProcessEnv): Environment {
  const command = variables.CNI_COMMAND ?? ''
  const environment = { command } as Environment
  const missing: string[] = []
  for (const { name, key, requiredBy, validate } of VARIABLES) {
    const value = variables[name] ?? ''
    if (value === '' && requiredBy.includes(command)) missing.push(name)
    if (value !== '' && requiredBy.includes(command)) validate?.(value)
    environment[key] = value
  }
  if (missing.length > 0) throw invalid(`required env variables [${missing.join(',')}] missing`)
  return environment
}

/** A pod of Kubernetes. */
export interface Pod {
  namespace: string
  name: string
}

/** The pod that a call is for, if CNI_ARGS has it. What else is in there may be secret. */
export function podOf({ args }: Environment): Pod | undefined {
  const pairs = new Map(args.split(';').map((pair) => pair.split('=', 2) as [string, string]))
  const [namespace, name] = [pairs.get('K8S_POD_NAMESPACE'), pairs.get('K8S_POD_NAME')]
  return namespace || name ? { namespace: namespace ?? '', name: name ?? '' } : undefined
}

/** Whether a text is a valid container id or network name. */
export function isIdentifier(text: string): boolean {
  return IDENTIFIER.test(text)
}

function validateContainerId(value: string): void {
  if (!isIdentifier(value)) throw invalid('invalid characters in containerID', value)
}

function validateInterfaceName(value: string): void {
  if (Buffer.byteLength(value) > INTERFACE_NAME_BYTES)
    throw invalid('interface name is too long', 'interface name should be less than 16 characters')
  if (value === '.' || value === '..') throw invalid('interface name is . or ..')
  if (/[/:\p{White_Space}]/u.test(value))
    throw invalid('interface name contains / or : or whitespace characters')
}

function invalid(message: string, details?: string): CniError {
  return new CniError(ErrorCode.invalidEnvironment, message, details)
}
