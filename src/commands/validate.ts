import { readFileSync } from 'node:fs'
import { requireConfiguration } from '../cni/configuration.js'
import { placeOf } from '../cni/json-place.js'
import { type Mistake, mistakesIn, otherText } from '../cni/mistakes.js'
import { canonicalKeys, decodeNetwork, decodeObject, isObject } from '../cni/network.js'
import { requireSupportedVersion } from '../cni/version.js'
import type { Answer } from './answer.js'
import { chainMistakes } from './chain-mistakes.js'
import { answerWith, type Given } from './line/subcommand.js'

const OWN_TYPE = 'host-device-l3'

/** A mistake in a file, and its line and column there; both are absent for the whole file. */
interface Finding {
  file: string
  line?: number
  column?: number
  /** Keys and indexes, with dots. */
  path: string
  text: string
}

/**
 * `validate`: checks configurations, lists of them, and NetworkAttachmentDefinitions in JSON, as
 * far as that is possible without the host that they are for. Fails if anything is found.
 */
export async function validate(given: Given): Promise<Answer> {
  const findings = (await Promise.all(given.operands.map(findingsIn))).flat()
  return answerWith(
    given,
    () => ({ findings }),
    () => findings.map(asLine).join('') || 'nothing is wrong\n',
    findings.length > 0,
  )
}

async function findingsIn(file: string): Promise<Finding[]> {
  const whole = (text: string): Finding[] => [{ file, path: '', text }]
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    return whole((error as Error).message)
  }
  try {
    const document = await decodeObject(text)
    const { kind, spec } = document
    if (kind === undefined)
      return mistakesOf(document).then((all) => all.map(placed(file, text, [])))
    if (kind !== 'NetworkAttachmentDefinition' || !isObject(spec))
      return whole('this is a Kubernetes object, but no NetworkAttachmentDefinition with a spec')
    if (typeof spec.config !== 'string')
      return whole(
        'spec.config has no text: the runtime takes the network from a file of that name',
      )
    const inner = await mistakesOf(await decodeObject(spec.config))
    // The lines of the inner document are not lines of the file.
    return inner.map(({ path, ...rest }) =>
      placed(file, text, ['spec', 'config'], path)({ path: [], ...rest }),
    )
  } catch (error) {
    const other = otherText(text)
    return whole(
      other === undefined ? (error as Error).message : `${(error as Error).message}; ${other}`,
    )
  }
}

/** @param within what is said of the place in an inner document */
function placed(file: string, text: string, above: string[], within: Mistake['path'] = []) {
  return ({ path, text: what }: Mistake): Finding => {
    const full = [...above, ...path]
    return { file, ...placeOf(text, full), path: [...full, ...within].join('.'), text: what }
  }
}

/** The mistakes in a configuration, or in each entry of a list that is this plugin's. */
async function mistakesOf(document: Record<string, unknown>): Promise<Mistake[]> {
  const list = canonicalKeys(document, ['plugins', 'name', 'cniVersion'])
  const { plugins, name, cniVersion } = list
  if (plugins === undefined) {
    const inChain = chainMistakes([document]).map(({ text }) => ({ path: [], text }))
    return [...(await ownMistakes(document, [])), ...inChain]
  }
  if (!Array.isArray(plugins) || plugins.length === 0)
    return [{ path: ['plugins'], text: 'a list needs at least one plugin in "plugins"' }]
  const found: Mistake[] = []
  for (const [index, entry] of plugins.entries()) {
    const path = ['plugins', index]
    if (!isObject(entry)) found.push({ path, text: 'an entry must be an object' })
    else if (typeOf(entry) === undefined)
      found.push({ path, text: 'an entry needs a "type", the name of a plugin' })
    else if (typeOf(entry) === OWN_TYPE)
      found.push(...(await ownMistakes({ ...entry, name, cniVersion }, path)))
  }
  return [...found, ...chainMistakes(plugins.map((entry) => (isObject(entry) ? entry : {})))]
}

function typeOf(entry: Record<string, unknown>): unknown {
  return canonicalKeys(entry, ['type']).type
}

async function ownMistakes(
  document: Record<string, unknown>,
  above: Mistake['path'],
): Promise<Mistake[]> {
  const type = typeOf(document)
  if (type !== OWN_TYPE)
    return [{ path: above, text: `"type" must be "${OWN_TYPE}", the name of this plugin` }]
  const likely = mistakesIn(document).filter(({ onlyInCall }) => !onlyInCall)
  const found = likely.map(({ path, text }) => ({ path: [...above, ...path], text }))
  try {
    const network = await decodeNetwork(JSON.stringify(document))
    requireSupportedVersion(network.cniVersion, 'ADD')
    requireConfiguration(network)
    return found
  } catch (error) {
    const { message, details } = error as Error & { details?: string }
    const [, key] = /"(\w+)" (?:cannot be|is missing)/.exec(message) ?? []
    const place = key === undefined ? above : [...above, key]
    return [{ path: place, text: [message, details].filter(Boolean).join('; ') }, ...found]
  }
}

function asLine({ file, line, column, path, text }: Finding): string {
  const place = line === undefined ? file : `${file}:${line}:${column}`
  return `${place}: ${path === '' ? '' : `${path}: `}${text}\n`
}
