import { asCniError } from '../../cni/error.js'
import { placeOfFault } from '../../cni/json-fault.js'
import { type Place, placeOf } from '../../cni/json-place.js'
import { IS_YAML, otherText } from '../../cni/mistakes.js'
import { decodeObject, isObject } from '../../cni/network.js'
import { nearest } from '../../nearest.js'
import type { Answer } from '../answer.js'
import { readFile } from '../configuration-file.js'
import { answerWith, type Given } from '../line/subcommand.js'
import { documentsIn, type LocatedDocument, type Path } from './documents.js'
import { duplicatesIn } from './duplicates.js'
import { mistakesInNetwork } from './network-mistakes.js'

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

/** What is wrong in a file. */
export async function findingsIn(file: string): Promise<Finding[]> {
  try {
    const { documents, faults } = await documentsIn(file, readFile(file))
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
  const isOther = ({ value: { kind } }: Thing) => kind !== undefined && !isLikeDefinition(kind)
  const meant = things.filter((thing) => !isOther(thing))
  const [first] = things
  if (first && meant.length === 0) return [noDefinition(first)]
  if (!first && !isBroken) return [{ path: '', text: 'there is no configuration in it' }]
  return (await Promise.all(meant.map(findingsAbout))).flat()
}

/** Also if it is misspelled. */
function isLikeDefinition(kind: unknown): boolean {
  return typeof kind === 'string' && nearest(kind, [DEFINITION]) !== undefined
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
    const mistakes = [...isYaml, ...mistakesInNetwork(value, true)]
    return mistakes.map((one) => ({ ...at(one.path), path: one.path.join('.'), text: one.text }))
  }
  const { kind, spec } = value
  if (kind !== DEFINITION) {
    const text = `kind ${JSON.stringify(kind)} is unknown; is "${DEFINITION}" meant?`
    return [{ ...at(['kind']), path: [...path, 'kind'].join('.'), text }]
  }
  if (!isObject(spec)) return [noDefinition(thing)]
  const { config } = spec
  const where = [...path, 'spec', 'config']
  const name = where.join('.')
  if (typeof config !== 'string') {
    const wrong = Object.keys(spec).find((key) => nearest(key, ['config']) !== undefined)
    if (config === undefined && wrong !== undefined) {
      const text = `unknown key ${JSON.stringify(wrong)} in spec; is "config" meant?`
      return [{ ...at(['spec', wrong]), path: [...path, 'spec', wrong].join('.'), text }]
    }
    const text = 'spec.config has no text: the runtime takes the network from a file of that name'
    return [{ ...at(['spec', 'config']), path: name, text }]
  }
  const within = (inner: Place) => document.placeInText(where, inner) ?? document.placeOf(where)
  let network: Record<string, unknown>
  try {
    network = await decodeObject(config)
  } catch (error) {
    const other = otherText(config)
    const { message } = asCniError(error)
    const text = other === undefined ? message : `${message}; ${other}`
    return [{ ...within(placeOfFault(config)), path: name, text }]
  }
  // Multus takes metadata.name for a name that is not there.
  const mistakes = mistakesInNetwork(network, false).map((one) => ({
    ...within(placeOf(config, one.path)),
    path: [...where, ...one.path].join('.'),
    text: one.text,
  }))
  return [...duplicatesIn(config, within).map((one) => ({ ...one, path: name })), ...mistakes]
}

function noDefinition({ document, path }: Thing): Omit<Finding, 'file'> {
  const text = 'this is a Kubernetes object, but no NetworkAttachmentDefinition with a spec'
  return { ...document.placeOf(path), path: path.join('.'), text }
}

/** A line for a finding, with its place. */
export function asLine({ file, line, column, path, text }: Finding): string {
  const place = line === undefined ? file : `${file}:${line}:${column}`
  return `${place}: ${path === '' ? '' : `${path}: `}${text}\n`
}
