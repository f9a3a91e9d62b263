import { readConfiguration } from '../../cni/configuration.js'
import { CONFIGURATION_DEFAULTS } from '../../cni/configuration-defaults.js'
import type { Configuration } from '../../cni/configuration-schema.js'
import { ErrorCode } from '../../cni/error.js'
import { IS_YAML, mistakesIn, otherText } from '../../cni/mistakes.js'
import { isEmptySelector, isForUserspace } from '../../device/selector.js'
import { selectorOf } from '../call.js'
import { chainMistakes } from '../chain-mistakes.js'
import {
  inputFor,
  OWN_TYPE,
  pluginsIn,
  readWritten,
  type WrittenFile,
} from '../configuration-file.js'
import { explanation } from '../explain/explain.js'
import { type Finding, fault, warning } from './finding.js'

/** What a file says, or the defaults. */
export interface Wanted {
  configuration: Configuration
  /** All of the list, or the only one. */
  plugins: Record<string, unknown>[]
  findings: Finding[]
  /** Why each ADD with it fails, as `explain` says it; undefined if ADD would lend the device. */
  refusal?: Finding | undefined
}

const GIVE_JSON = 'give it that JSON, as a file or as /dev/stdin'

/** Reads a configuration, once: it may be a pipe. What is wrong with it is a finding. */
export async function wantedBy(file: string | undefined): Promise<Wanted> {
  const configuration = { name: 'doctor', ...CONFIGURATION_DEFAULTS }
  const nothing: Wanted = { configuration, plugins: [], findings: [] }
  if (file === undefined) return nothing
  const cure = `correct it; 'host-device-l3 validate ${file}' says where it is wrong`
  const wrong = (text: string) => fault('configuration', text, cure)
  let written: WrittenFile
  try {
    written = readWritten(file)
  } catch (error) {
    const text = (error as Error).message
    return { ...nothing, findings: [fault('configuration', text, 'look at the path')] }
  }
  let input: string
  try {
    input = inputFor(written, undefined)
  } catch (error) {
    return { ...nothing, findings: [wrong((error as Error).message)] }
  }
  const { refusal, network } = await explanation(input, new Map())
  const { code, msg = '', details } = refusal ?? {}
  const sentence = [msg, details].filter(Boolean).join('; ')
  if (!network) {
    // `validate` takes it, and finds nothing wrong.
    const isYaml = otherText(written.text) === IS_YAML
    return {
      ...nothing,
      findings: [isYaml ? fault('configuration', sentence, GIVE_JSON) : wrong(sentence)],
    }
  }
  try {
    const read = readConfiguration(network)
    const plugins = pluginsIn(written)
    const findings = mistakes(read, plugins, cure)
    if (code === undefined || !isLasting(code, read))
      return { configuration: read, plugins, findings }
    const isOfDevice = code === ErrorCode.deviceRefused && details !== undefined
    const why = isOfDevice ? fault('device', msg, details) : wrong(sentence)
    return { configuration: read, plugins, findings, refusal: why }
  } catch {
    return { ...nothing, findings: [wrong(sentence)] }
  }
}

/**
 * Whether ADD fails each time: not over a device that is lent now, and not over one that only the
 * runtime or an earlier plugin of the list names.
 */
function isLasting(code: number, configuration: Configuration): boolean {
  const selector = selectorOf(configuration)
  const isKnown = !isEmptySelector(selector) && !isForUserspace(selector)
  return isKnown && code !== ErrorCode.tryAgainLater
}

/** What `validate` says of it; where no key selects a device, ADD fails over that. */
function mistakes(
  configuration: Configuration,
  plugins: Record<string, unknown>[],
  cure: string,
): Finding[] {
  const own = plugins.filter(({ type }) => type === OWN_TYPE)
  if (own.length === 0)
    return [fault('configuration', `"type" is not "${OWN_TYPE}", the name of this plugin`, cure)]
  const inChain = chainMistakes(plugins).map(({ text }) => text)
  const likely = own.flatMap(mistakesIn).flatMap(({ text, onlyInCall }) => (onlyInCall ? [] : text))
  const level = isEmptySelector(selectorOf(configuration)) && inChain.length > 0 ? fault : warning
  return [
    ...inChain.map((text) => level('configuration', text, cure)),
    ...likely.map((text) => warning('configuration', text, cure)),
  ]
}
