import { requireConfiguration } from '../../cni/configuration.js'
import { type Environment, readEnvironment } from '../../cni/environment.js'
import { type ErrorDocument, errorDocument } from '../../cni/error.js'
import { decodeNetwork, type RawNetwork } from '../../cni/network.js'
import { LATEST_VERSION, requireSupportedVersion } from '../../cni/version.js'
import { NetworkNamespace } from '../../kernel/namespace.js'
import { collectWarnings } from '../../log.js'
import { leaveBrokenRecords } from '../../records/store.js'
import { namesIn } from '../../state/names-in.js'
import { withCarriedMetrics } from '../../state/route-metric.js'
import type { Answer } from '../answer.js'
import type { Call } from '../call.js'
import {
  inputFor,
  OWN_TYPE,
  pluginsIn,
  readWritten,
  type WrittenFile,
} from '../configuration-file.js'
import { withSubject } from '../error-subject.js'
import { withHints } from '../hints.js'
import { answerWith, type Given } from '../line/subcommand.js'
import { readCall, warnOfMistakes } from '../read-call.js'
import { asText } from './as-text.js'
import { type Look, lookAsAdd, whatIsThere } from './look.js'

/** CNI_IFNAME as Multus gives it for the first network of a pod. */
const DEFAULT_INTERFACE = 'net1'
/** Where runtimes look for plugins. */
const DEFAULT_PATH = '/opt/cni/bin'
/** In place of a path that nobody gave. */
const NO_SANDBOX = '-'

/** What `explain` says of a device. */
export interface Explanation extends Look {
  /** What ADD would warn of. */
  warnings: string[]
  /** With which ADD would refuse; undefined if it would not. */
  refusal?: Pick<ErrorDocument, 'code' | 'msg' | 'details'>
  /** The configuration, unchecked; undefined if it could not be decoded. */
  network?: RawNetwork | undefined
}

/**
 * `explain`: whether ADD would lend a device, and for each part of its host state, whether ADD would
 * carry it. Looks with ADD's own checks, and changes nothing. Fails if ADD would refuse.
 * @throws Error for a file that cannot be read
 */
export async function explain(given: Given): Promise<Answer> {
  const { operands, options } = given
  const [device] = operands
  const file = options.get('config')
  if (device === undefined && file === undefined)
    throw new Error('explain needs a DEVICE, or --config FILE')
  const written = file === undefined ? undefined : readWritten(file)
  const looked = await explanation(inputFor(written, device), options)
  const { state } = looked
  const explained = {
    ...looked,
    ...(state ? { state: withCarriedMetrics(state) } : {}),
    notes: [...looked.notes, ...(written ? otherEntries(written) : [])],
  }
  const { refusal } = explained
  return answerWith(
    given,
    () => asDocument(explained),
    () => textOf(explained, options.has('all')),
    refusal !== undefined,
  )
}

/** What is said of a list with several entries of this plugin: only the first is looked at. */
function otherEntries(file: WrittenFile): string[] {
  const plugins = pluginsIn(file)
  const places = plugins.flatMap(({ type }, at) => (type === OWN_TYPE ? [at + 1] : []))
  const [first, ...others] = places
  if (others.length === 0) return []
  return [
    `the list has ${places.length} entries of this plugin, and this is about entry ${first} of ${plugins.length} only`,
  ]
}

/**
 * Looks at what ADD would do, and changes nothing.
 * @param input what a runtime would give the plugin on stdin
 * @param options `netns` and `interface`, if they are known
 */
export async function explanation(input: string, options: Given['options']): Promise<Explanation> {
  const warnings = collectWarnings()
  leaveBrokenRecords()
  let call: Call | undefined
  const known: Known = {}
  const netns = options.get('netns')
  try {
    call = await readAsAdd(input, netns, options.get('interface'), known)
    const look = await lookAsAdd(call)
    await warnOfMistakes(call)
    return { ...look, network: known.network, warnings }
  } catch (error) {
    const { environment, network } = known
    const said = errorDocument(error, LATEST_VERSION)
    // As ADD completes its errors; without a sandbox there is no more to say than was asked.
    const isWhole = netns && environment && network
    const whole = isWhole ? withSubject(said, environment, network) : said
    const { code, msg, details } = withHints(whole, input)
    const refusal = { code, msg, ...(details === undefined ? {} : { details }) }
    const there = call === undefined ? {} : whatIsThere(call)
    return { programs: [], companions: [], notes: [], ...there, network, warnings, refusal }
  }
}

/** What is known of a call before all of it was checked. */
interface Known {
  network?: RawNetwork
  environment?: Environment
}

/**
 * The call that a runtime would make.
 * @param known is given what there is, as far as it comes
 * @throws CniError
 */
async function readAsAdd(
  input: string,
  netns: string | undefined,
  interfaceName = DEFAULT_INTERFACE,
  known: Known,
): Promise<Call> {
  const variables = {
    ...process.env,
    CNI_COMMAND: 'ADD',
    CNI_CONTAINERID: 'explain',
    CNI_NETNS: netns ?? NO_SANDBOX,
    CNI_IFNAME: interfaceName,
    CNI_PATH: process.env.CNI_PATH || DEFAULT_PATH,
  }
  const environment = { ...readEnvironment(variables), netns: netns ?? '' }
  const network = await decodeNetwork(input)
  known.network = network
  const cniVersion = requireSupportedVersion(network.cniVersion, environment.command)
  known.environment = environment
  requireConfiguration(network)
  // The log is one of calls.
  return readCall({ environment, cniVersion, variables, input }, { ...network, logFile: undefined })
}

function textOf(explained: Explanation, all: boolean): string {
  using host = NetworkNamespace.host()
  return asText(explained, all, (device) => namesIn(host, device))
}

function asDocument({ device, state, notes, warnings, ...rest }: Explanation): object {
  const { settings: _, ...shown } = device ?? {}
  const { refusal, would, programs, companions } = rest
  const verdict = refusal ? { accepts: false, ...refusal } : { accepts: true, would }
  const found = { programs, companions, warnings, notes }
  return { ...(device ? { device: shown } : {}), ...state, ...found, verdict }
}
