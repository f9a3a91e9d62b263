import {
  Composer,
  CST,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  Parser,
  type ScalarTag,
} from 'yaml'
import { asCniError } from '../../cni/error.js'
import type { Place } from '../../cni/json-place.js'
import type { Contents, LocatedDocument, Path } from './documents.js'

/** Aliases that stand for more nodes than this are an attack, and no manifest. */
const MOST_ALIASED = 100

/** What the parser makes of deeper ones is for the stack to bear, which ends where an engine says. */
const MOST_LEVELS = 200
const TOO_DEEP = `it is nested too deeply to be checked: ${MOST_LEVELS} lists and objects in each other are the most`

/** A text in base64. The parser's own tag for it needs another module of Node. */
const BINARY: ScalarTag = {
  tag: 'tag:yaml.org,2002:binary',
  resolve: (source, onError) => {
    onError('what has the tag !!binary is not checked: write the text itself')
    return source
  },
}

/** The documents of a text in YAML. Only `validate` loads this, and the parser. */
export function yamlDocuments(text: string): Contents {
  const lines = new LineCounter()
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { line, column: col }
  }
  const tokens = [...new Parser(lines.addNewLine).parse(text)]
  const deep = firstBelow(tokens)
  if (deep) return { documents: [], faults: [{ ...placeAt(deep.offset), text: TOO_DEEP }] }
  const composer = new Composer({ prettyErrors: false, customTags: [BINARY] })
  const parsed = [...composer.compose(tokens)]
  const documents: LocatedDocument[] = []
  const faults: Contents['faults'] = []
  for (const document of parsed) {
    const complaints = [...document.errors, ...document.warnings]
    faults.push(...complaints.map((one) => ({ ...placeAt(one.pos[0]), text: textOf(one) })))
    if (document.errors.length > 0) continue
    try {
      const value: unknown = document.toJS({ maxAliasCount: MOST_ALIASED })
      documents.push({ value, isYaml: true, ...placesIn(text, document, placeAt) })
    } catch (error) {
      faults.push({ ...placeAt(document.range[0]), text: textOf(error) })
    }
  }
  return { documents, faults }
}

/** Also where the stack ends, which the parser catches and the engine has words for. */
function textOf(error: unknown): string {
  return asCniError(error).message
}

/** The first list or map of a stream that is in MOST_LEVELS others. */
function firstBelow(tokens: CST.Token[]): CST.Token | undefined {
  let level = tokens.flatMap((token) => (token.type === 'document' ? (token.value ?? []) : []))
  for (let depth = 0; depth <= MOST_LEVELS; depth++) {
    const collections = level.filter(CST.isCollection)
    if (depth === MOST_LEVELS) return collections[0]
    level = collections.flatMap(({ items }) =>
      items.flatMap(({ key, value }) => [key ?? [], value ?? []].flat()),
    )
  }
  return undefined
}

function placesIn(
  text: string,
  document: Document.Parsed,
  placeAt: (offset: number) => Place,
): Omit<LocatedDocument, 'value' | 'isYaml'> {
  const start = document.contents?.range[0] ?? document.range[0]
  return {
    placeOf: (path) => placeAt(find(document, path)?.at ?? start),
    placeInText: (path, inner) => {
      const { node } = find(document, path) ?? {}
      if (!isScalar(node) || typeof node.value !== 'string' || !node.range) return undefined
      const [from, to] = node.range
      const source = text.slice(from, to)
      return node.type === 'BLOCK_LITERAL'
        ? inBlock(placeAt(from), source, node.value, inner)
        : inLine(placeAt(from), source, node.value, inner)
    },
  }
}

/** A literal block, `|`: each of its lines is one of the text, behind an indentation. */
function inBlock(start: Place, source: string, value: string, { line, column }: Place): Place {
  const indented = source.split('\n')[line]?.replace(/\r$/, '').length ?? 0
  const plain = value.split('\n')[line - 1]?.length ?? 0
  return { line: start.line + line, column: column + Math.max(0, indented - plain) }
}

/** A text in one line, in quotes or not. */
function inLine(start: Place, source: string, value: string, inner: Place): Place | undefined {
  const before = source.indexOf(value)
  if (before === -1 || value.includes('\n')) return undefined
  return { line: start.line, column: start.column + before + inner.column - 1 }
}

/** The node at a path, and where its key or itself begins; the innermost that is there. */
function find(document: Document.Parsed, path: Path): { node: Node; at: number } | undefined {
  let found: { node: Node; at: number } | undefined
  let node: unknown = document.contents
  for (const step of path) {
    const inside = isAlias(node) ? node.resolve(document) : node
    let at: number | undefined
    if (isMap(inside)) {
      const pair = inside.items.find(({ key }) => isScalar(key) && isSame(key.value, step))
      at = isScalar(pair?.key) ? pair.key.range?.[0] : undefined
      node = pair?.value
    } else if (isSeq(inside)) {
      node = inside.items[Number(step)]
      at = isScalar(node) || isMap(node) || isSeq(node) ? node.range?.[0] : undefined
    }
    if (at === undefined || !isNode(node)) return found
    found = { node, at }
  }
  return found
}

function isNode(value: unknown): value is Node {
  return isScalar(value) || isMap(value) || isSeq(value) || isAlias(value)
}

/** Keys match in any case, as ADD takes them. */
function isSame(key: unknown, step: string | number): boolean {
  return String(key).toLowerCase() === String(step).toLowerCase()
}
