import {
  CORE_SCHEMA,
  constructFromEvents,
  EVENT_ID,
  type Event,
  getScalarValue,
  type MappingEvent,
  parseEvents,
  SCALAR_STYLE,
  type ScalarEvent,
  type SequenceEvent,
  YAMLException,
} from 'js-yaml'
import { asCniError } from '../../cni/error.js'
import { isSame, type Place, placeAt } from '../../cni/json-place.js'
import type { Contents, LocatedDocument, Path } from './documents.js'

/** Aliases that stand for more values than this are an attack, and no manifest. */
const MOST_VALUES = 10_000
const TOO_MANY = `its aliases stand for more than ${MOST_VALUES} values`

/** What the parser makes of deeper ones is for the stack to bear, which ends where an engine says. */
const MOST_LEVELS = 200
const TOO_DEEP = `it is nested too deeply to be checked: ${MOST_LEVELS} values in each other are the most`

/** The documents of a text in YAML. Only `validate` loads this, and the parser. */
export function yamlDocuments(text: string): Contents {
  const documents: LocatedDocument[] = []
  const faults: Contents['faults'] = []
  const attempt = (work: () => void) => {
    try {
      work()
    } catch (error) {
      faults.push(faultOf(text, error))
    }
  }
  attempt(() => {
    for (const events of eventsOfDocuments(text))
      attempt(() => {
        const [value] = constructFromEvents(events, { source: text, schema: CORE_SCHEMA })
        documents.push({ value, isYaml: true, ...placesIn(text, rootOf(text, events)) })
      })
  })
  return { documents, faults }
}

/** @throws YAMLException if one of them is no YAML: where the next begins is not known then */
function eventsOfDocuments(text: string): Event[][] {
  const documents: Event[][] = []
  for (const event of parseEvents(text, { maxDepth: MOST_LEVELS }))
    if (event.type === EVENT_ID.DOCUMENT) documents.push([event])
    else documents.at(-1)?.push(event)
  return documents
}

function faultOf(text: string, error: unknown): Contents['faults'][number] {
  // Another one is of the stack, for which the engine has words.
  if (!(error instanceof YAMLException) || !error.mark) return { text: asCniError(error).message }
  const { reason, mark } = error
  const isDeep = reason.startsWith('nesting exceeded')
  return { ...placeAt(text, mark.position), text: isDeep ? TOO_DEEP : reason }
}

/** A value of a document, as it is written there. */
interface Node {
  /** Where it begins in the text; undefined if nothing is written. */
  at: number | undefined
  scalar?: ScalarEvent
  items: Node[]
  pairs: { key: Node; value: Node }[]
  /** How many values it is, with those that aliases stand for. */
  values: number
}

/**
 * The outermost value of a document.
 * @param events those that constructFromEvents() has taken: each alias has its anchor
 * @throws YAMLException if aliases stand for too many values, or for something that they are in
 */
function rootOf(text: string, events: Event[]): Node | undefined {
  const anchors = new Map<string, Node>()
  const rest = events.values()
  const read = (): Node | undefined => {
    const { value: event } = rest.next()
    if (!event || event.type === EVENT_ID.POP) return undefined
    switch (event.type) {
      case EVENT_ID.DOCUMENT:
        return read()
      case EVENT_ID.ALIAS: {
        const name = text.slice(event.anchorStart, event.anchorEnd)
        const node = anchors.get(name)
        if (!node) YAMLException.throwAt(text, event.anchorStart, `*${name} is inside of &${name}`)
        return node
      }
      default: {
        const node = event.type === EVENT_ID.SCALAR ? scalarOf(event) : collectionOf(event, read)
        if (node.values > events.length + MOST_VALUES)
          YAMLException.throwAt(text, node.at ?? 0, TOO_MANY)
        if (event.anchorStart !== -1)
          anchors.set(text.slice(event.anchorStart, event.anchorEnd), node)
        return node
      }
    }
  }
  return read()
}

function scalarOf(scalar: ScalarEvent): Node {
  const { valueStart, style } = scalar
  const isQuoted = [SCALAR_STYLE.SINGLE_QUOTED, SCALAR_STYLE.DOUBLE_QUOTED].some(
    (one) => one === style,
  )
  const at = valueStart === -1 ? undefined : valueStart - Number(isQuoted)
  return { at, scalar, items: [], pairs: [], values: 1 }
}

/** @param read returns undefined where the collection ends */
function collectionOf(
  { type, start }: SequenceEvent | MappingEvent,
  read: () => Node | undefined,
): Node {
  const node: Node = { at: start, items: [], pairs: [], values: 1 }
  for (let one = read(); one; one = read()) {
    node.values += one.values
    if (type === EVENT_ID.SEQUENCE) node.items.push(one)
    else {
      const value = read()
      if (!value) break
      node.values += value.values
      node.pairs.push({ key: one, value })
    }
  }
  return node
}

function placesIn(text: string, root: Node | undefined): Omit<LocatedDocument, 'value' | 'isYaml'> {
  return {
    placeOf: (path) => placeAt(text, find(text, root, path)?.at ?? root?.at ?? 0),
    placeInText: (path, inner) => {
      const scalar = find(text, root, path)?.node.scalar
      if (!scalar) return undefined
      return scalar.style === SCALAR_STYLE.LITERAL_BLOCK
        ? inBlock(text, scalar, inner)
        : inLine(text, scalar, inner)
    },
  }
}

/** A literal block, `|`: each of its lines is one of the text, behind an indentation. */
function inBlock(text: string, { valueStart, indent }: ScalarEvent, inner: Place): Place {
  const { line } = placeAt(text, valueStart)
  return { line: line + inner.line - 1, column: indent + inner.column }
}

/** A text in one line, in quotes or not. */
function inLine(text: string, scalar: ScalarEvent, inner: Place): Place | undefined {
  const value = getScalarValue(text, scalar)
  const isWrittenAsIs = text.slice(scalar.valueStart, scalar.valueEnd) === value
  if (!isWrittenAsIs || value.includes('\n')) return undefined
  const { line, column } = placeAt(text, scalar.valueStart)
  return { line, column: column + inner.column - 1 }
}

/** The value at a path, and where its key or itself begins; the innermost that is there. */
function find(
  text: string,
  root: Node | undefined,
  path: Path,
): { node: Node; at: number } | undefined {
  let found: { node: Node; at: number } | undefined
  let node = root
  for (const step of path) {
    const isMeant = ({ scalar }: Node) => scalar && isSame(getScalarValue(text, scalar), step)
    const pair = node?.pairs.find(({ key }) => isMeant(key))
    node = pair ? pair.value : node?.items[Number(step)]
    const at = pair ? pair.key.at : node?.at
    if (at === undefined || !node) return found
    found = { node, at }
  }
  return found
}
