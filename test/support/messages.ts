import {
  type CallExpression,
  type FunctionNode,
  isFunction,
  type Node,
  type Syntax,
} from './syntax.js'

/** A message that the source can emit. A hint is what `details` and `validate` say of mistakes. */
export interface Message {
  kind: 'error' | 'warning' | 'hint'
  /** Its first line, with `…` for each part that differs from call to call. */
  text: string
}

/** What differs from call to call. */
const VARYING = '…'

/** Functions and classes that emit a message, and which argument it is. */
const EMITTERS: Record<string, [Message['kind'], number]> = {
  CniError: ['error', 1],
  Error: ['error', 0],
  Failure: ['error', 1],
  NotRegular: ['error', 0],
  SyntaxError: ['error', 0],
  UntrustedPath: ['error', 0],
  WrongUse: ['error', 0],
  tell: ['warning', 0],
  warn: ['warning', 0],
  warnOfEach: ['warning', 0],
}

/** What emits messages without these, by file: members of objects, and what functions return. */
const MEMBERS: Record<string, [Message['kind'], string]> = {
  'cni/error.ts': ['error', 'message'],
  'cni/capability-mistakes.ts': ['hint', 'text'],
  'cni/ipam-mistakes.ts': ['hint', 'text'],
  'cni/mistakes.ts': ['hint', 'text'],
  'commands/chain-mistakes.ts': ['hint', 'text'],
  'commands/validate/duplicates.ts': ['hint', 'text'],
  'commands/validate/impossible.ts': ['hint', 'text'],
  'commands/validate/list-mistakes.ts': ['hint', 'text'],
  'commands/validate/network-mistakes.ts': ['hint', 'text'],
  'commands/validate/validate.ts': ['hint', 'text'],
}
const HINTING = ['inputHints', 'rightsHints']

/** How many calls deep the parts of a message are looked for. */
const MOST_CALLS = 6

/** The messages of a source, each text of a kind once. */
export function messagesOf(source: Syntax): Message[] {
  const found = [...source.files].flatMap(([file, nodes]) =>
    nodes
      .flatMap((node) => emittedBy(source, node, file))
      .flatMap(([kind, node]) =>
        general(textsOf(source, node, MOST_CALLS).map(firstLine)).map((text) => ({ kind, text })),
      ),
  )
  return [...new Map(found.map((message) => [`${message.kind} ${message.text}`, message])).values()]
}

/** The expressions of which a node makes messages. */
function emittedBy(source: Syntax, node: Node, file: string): [Message['kind'], Node][] {
  if (node.type === 'CallExpression' || node.type === 'NewExpression') {
    const { callee } = node
    const [kind, index = 0] = (callee.type === 'Identifier' && EMITTERS[callee.name]) || []
    const argument = node.arguments[index]
    return kind && argument ? [[kind, argument]] : []
  }
  if (node.type === 'FunctionDeclaration' && HINTING.includes(node.id?.name ?? ''))
    return source.returnedBy(node).map((one) => ['hint', one])
  const [kind, name] = MEMBERS[file] ?? []
  if (!kind || node.type !== 'Property' || node.key.type !== 'Identifier') return []
  return node.key.name === name ? [[kind, node.value]] : []
}

/** The texts that an expression may have. A list has those of its elements. */
function textsOf(source: Syntax, node: Node, calls: number): string[] {
  const texts = (inner: Node) => textsOf(source, inner, calls)
  switch (node.type) {
    case 'Literal':
      return typeof node.value === 'string' ? [node.value] : [VARYING]
    case 'TemplateLiteral':
      return joined(
        node.quasis.flatMap((quasi, index) => {
          const hole = node.expressions[index]
          return [[quasi.value.cooked ?? ''], ...(hole ? [wordingsOf(source, hole, calls)] : [])]
        }),
      )
    case 'ConditionalExpression':
      return [node.consequent, node.alternate].flatMap(texts)
    case 'LogicalExpression':
      return (node.operator === '&&' ? [node.right] : [node.left, node.right]).flatMap(texts)
    case 'ArrayExpression':
      return node.elements.flatMap((element) => (element ? texts(element) : []))
    case 'ObjectExpression':
      return node.properties.flatMap((one) => (one.type === 'Property' ? texts(one.value) : []))
    case 'ParenthesizedExpression':
      return texts(node.expression)
    case 'SpreadElement':
      return texts(node.argument)
    case 'MemberExpression':
      return node.computed && node.object.type === 'Identifier' ? texts(node.object) : [VARYING]
    case 'CallExpression':
      return textsOfCall(source, node, calls)
    case 'Identifier':
      return textsOfName(source, node, calls)
  }
  return [VARYING]
}

function textsOfName(source: Syntax, node: Node & { name: string }, calls: number): string[] {
  const meaning = source.meaningOf(node.name, node)
  if (meaning?.kind === 'value') return textsOf(source, meaning.node, calls)
  if (meaning?.kind !== 'parameter' || calls === 0) return [VARYING]
  const given = source.argumentsOf(meaning.of, meaning.index)
  return given.length === 0 ? [VARYING] : given.flatMap((one) => textsOf(source, one, calls - 1))
}

function textsOfCall(
  source: Syntax,
  { callee, arguments: given }: CallExpression,
  calls: number,
): string[] {
  const returned = (node: FunctionNode) =>
    source.returnedBy(node).flatMap((one) => textsOf(source, one, calls - 1))
  if (calls === 0) return [VARYING]
  if (callee.type === 'Identifier') {
    const meaning = source.meaningOf(callee.name, callee)
    return meaning?.kind === 'function' ? returned(meaning.node) : [VARYING]
  }
  if (callee.type !== 'MemberExpression' || callee.property.type !== 'Identifier') return [VARYING]
  const [work] = given
  if (callee.property.name === 'filter') return textsOf(source, callee.object, calls)
  return callee.property.name === 'map' && work && isFunction(work) ? returned(work) : [VARYING]
}

/**
 * What may stand in a hole of a template: what a name stands for, and a choice from a table. Of
 * paths, of names of devices and of conditions counts only that they vary.
 */
function wordingsOf(source: Syntax, node: Node, calls: number): string[] {
  const texts = [...new Set(textsOf(source, node, calls))]
  if (node.type === 'Identifier')
    return texts.map((text) => (isWording(text) || isWord(text) ? text : VARYING))
  const isChoice = node.type === 'MemberExpression' || texts.length === 1
  return isChoice && texts.every(isWording) ? texts : [VARYING]
}

const isWording = (text: string) => text.includes(' ') && /[a-z]{2}/.test(text)
const isWord = (text: string) => /^[a-z]+$/.test(text)

/** All that a sequence of alternatives can be. */
function joined(parts: string[][]): string[] {
  const all = parts.reduce(
    (before, part) => before.flatMap((start) => [...new Set(part)].map((end) => start + end)),
    [''],
  )
  return all.map((text) => text.replaceAll(/…+/g, VARYING))
}

/** Texts without those that another one of them stands for, and without what says nothing. */
function general(texts: string[]): string[] {
  const all = [...new Set(texts)].filter((text) => /\w/.test(text))
  return all.filter((text) => !all.some((other) => other !== text && standsFor(other, text)))
}

/** Whether a text has other words only where the general one varies. */
function standsFor(general: string, text: string): boolean {
  const parts = general.split(VARYING).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('.+')}$`, 's').test(text)
}

/** The first line, without another message before it. */
function firstLine(text: string): string {
  return text.replace(/^…; /, '').split('\n', 1)[0] ?? ''
}
