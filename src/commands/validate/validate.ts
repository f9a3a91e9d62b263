import { readFileSync } from 'node:fs'
import { requireConfiguration } from '../../cni/configuration.js'
import { placeOfFault } from '../../cni/json-fault.js'
import { placeOf } from '../../cni/json-place.js'
import { IS_YAML, type Mistake, mistakesIn, otherText } from '../../cni/mistakes.js'
import { canonicalKeys, decodeNetwork, decodeObject, isObject } from '../../cni/network.js'
import { requireSupportedVersion } from '../../cni/version.js'
import type { Answer } from '../answer.js'
import { chainMistakes } from '../chain-mistakes.js'
import { answerWith, type Given } from '../line/subcommand.js'
import { documentsIn, type LocatedDocument, type Path, type Place } from './documents.js'
import { impossibleValues } from './impossible.js'

const OWN_TYPE = 'host-device-l3'
const DEFINITION = 'NetworkAttachmentDefinition'

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
 * `validate`: checks configurations, lists of them, and NetworkAttachmentDefinitions, in JSON or YAML,
 * as far as that is possible without the host that they are for. Fails if anything is found.
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
  try {
    const { documents, faults } = await documentsIn(file, readFileSync(file, 'utf8'))
    const found = faults.map((fault) => ({ file, path: '', ...fault }))
    const inside = await findingsOf(documents, faults.length > 0)
    return [...found, ...inside.map((one) => ({ file, ...one }))]
  } catch (error) {
    return [{ file, path: '', text: (error as Error).message }]
  }
}

/** A configuration, or an object of Kubernetes. */
interface Thing {
  document: LocatedDocument
  path: Path
  value: Record<string, unknown>
}

/**
 * What is wrong in documents.
 * @param isBroken whether there are others that cannot be read
 */
async function findingsOf(
  documents: LocatedDocument[],
  isBroken: boolean,
): Promise<Omit<Finding, 'file'>[]> {
  const things = documents.flatMap(thingsIn)
  const isOther = ({ value: { kind } }: Thing) => kind !== undefined && kind !== DEFINITION
  const meant = things.filter((thing) => !isOther(thing))
  const [first] = things
  if (first && meant.length === 0) return [noDefinition(first)]
  if (!first && !isBroken) return [{ path: '', text: 'there is no configuration in it' }]
  return (await Promise.all(meant.map(findingsAbout))).flat()
}

/** The document itself, or the objects of a list of Kubernetes. */
function thingsIn(document: LocatedDocument): Thing[] {
  const { value } = document
  if (!isObject(value)) return []
  if (value.kind !== 'List' || !Array.isArray(value.items)) return [{ document, path: [], value }]
  return value.items.flatMap((item, index) =>
    isObject(item) ? [{ document, path: ['items', index], value: item }] : [],
  )
}

async function findingsAbout(thing: Thing): Promise<Omit<Finding, 'file'>[]> {
  const { document, path, value } = thing
  const at = (inner: Path) => document.placeOf([...path, ...inner])
  if (value.kind === undefined) {
    const isYaml = document.isYaml ? [{ path: [], text: IS_YAML }] : []
    const mistakes = [...isYaml, ...(await mistakesOf(value))]
    return mistakes.map((one) => ({ ...at(one.path), path: one.path.join('.'), text: one.text }))
  }
  const { spec } = value
  if (!isObject(spec)) return [noDefinition(thing)]
  const { config } = spec
  const where = [...path, 'spec', 'config']
  const name = where.join('.')
  if (typeof config !== 'string') {
    const text = 'spec.config has no text: the runtime takes the network from a file of that name'
    return [{ ...at(['spec', 'config']), path: name, text }]
  }
  const within = (inner: Place) => document.placeInText(where, inner) ?? document.placeOf(where)
  let network: Record<string, unknown>
  try {
    network = await decodeObject(config)
  } catch (error) {
    const other = otherText(config)
    const { message } = error as Error
    const text = other === undefined ? message : `${message}; ${other}`
    return [{ ...within(placeOfFault(config)), path: name, text }]
  }
  return (await mistakesOf(network)).map((one) => ({
    ...within(placeOf(config, one.path)),
    path: [...where, ...one.path].join('.'),
    text: one.text,
  }))
}

function noDefinition({ document, path }: Thing): Omit<Finding, 'file'> {
  const text = 'this is a Kubernetes object, but no NetworkAttachmentDefinition with a spec'
  return { ...document.placeOf(path), path: path.join('.'), text }
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
    const impossible = impossibleValues(network)
    return [...impossible.map(({ path, text }) => ({ path: [...above, ...path], text })), ...found]
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
