import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type ESTree, parseSync } from 'vite'

export type Node = ESTree.Node
export type CallExpression = ESTree.CallExpression
export type FunctionNode = ESTree.Function | ESTree.ArrowFunctionExpression

/** What a name stands for. */
export type Meaning =
  | { kind: 'value'; node: Node }
  | { kind: 'function'; node: FunctionNode }
  | { kind: 'parameter'; of: FunctionNode; index: number }

/** The syntax trees of all TypeScript files below a directory, and what the names in them mean. */
export class Syntax {
  /** All nodes of a file, by its path below the directory. */
  readonly files = new Map<string, Node[]>()
  readonly #parents = new WeakMap<Node, Node>()
  readonly #fileOf = new WeakMap<Node, string>()
  readonly #programs = new Map<string, ESTree.Program>()
  /** The calls of functions, by the name that stands there. */
  readonly #calls = new Map<string, CallExpression[]>()

  constructor(directory: string) {
    const paths = readdirSync(directory, { recursive: true, encoding: 'utf8' })
    for (const path of paths.filter((one) => one.endsWith('.ts')).toSorted()) {
      const { program } = parseSync(path, readFileSync(join(directory, path), 'utf8'))
      this.#programs.set(path, program)
      this.files.set(path, [...this.#walk(program, path)])
    }
  }

  /** What a name means where it stands; undefined if that is not known. */
  meaningOf(name: string, at: Node): Meaning | undefined {
    for (let node: Node | undefined = at; node; node = this.#parents.get(node)) {
      const meaning = declaredIn(node, name)
      if (meaning) return meaning
    }
    return this.#importedMeaning(name, this.#fileOf.get(at) ?? '')
  }

  /** The arguments in one place of all calls of a function. */
  argumentsOf(called: FunctionNode, index: number): Node[] {
    const name = called.id?.name ?? this.#nameOfValue(called) ?? ''
    const calls = this.#calls.get(name) ?? []
    return calls
      .filter((call) => {
        const meaning = this.meaningOf(name, call)
        return meaning?.kind === 'function' && meaning.node === called
      })
      .flatMap((call) => call.arguments[index] ?? [])
  }

  /** What a function returns. */
  returnedBy({ body }: FunctionNode): Node[] {
    if (!body) return []
    return body.type === 'BlockStatement' ? returnsIn(body) : [body]
  }

  *#walk(node: Node, file: string): Generator<Node> {
    this.#fileOf.set(node, file)
    yield node
    if (node.type === 'CallExpression' && node.callee.type === 'Identifier') {
      const { name } = node.callee
      this.#calls.set(name, [...(this.#calls.get(name) ?? []), node])
    }
    for (const child of childrenOf(node)) {
      this.#parents.set(child, node)
      yield* this.#walk(child, file)
    }
  }

  /** The name of the variable that a function expression is the value of. */
  #nameOfValue(node: Node): string | undefined {
    const parent = this.#parents.get(node)
    return parent?.type === 'VariableDeclarator' ? nameOf(parent.id) : undefined
  }

  #importedMeaning(name: string, file: string): Meaning | undefined {
    for (const statement of this.#programs.get(file)?.body ?? []) {
      if (statement.type !== 'ImportDeclaration') continue
      const specifier = statement.specifiers.find(({ local }) => local.name === name)
      const from = join(dirname(file), statement.source.value.replace(/\.js$/, '.ts'))
      const program = this.#programs.get(from)
      if (specifier && program) return declaredIn(program, name)
    }
    return undefined
  }
}

export function isFunction(node: Node): node is FunctionNode {
  return ['ArrowFunctionExpression', 'FunctionDeclaration', 'FunctionExpression'].includes(
    node.type,
  )
}

function childrenOf(node: Node): Node[] {
  return Object.entries(node)
    .filter(([key]) => key !== 'parent')
    .flatMap(([, value]) => value)
    .filter((value) => typeof value?.type === 'string')
}

/** The values of return statements, but not of those in functions inside. */
function returnsIn(node: Node): Node[] {
  if (isFunction(node)) return []
  if (node.type === 'ReturnStatement') return node.argument ? [node.argument] : []
  return childrenOf(node).flatMap(returnsIn)
}

/** What a function, a block or a file declares under a name. */
function declaredIn(node: Node, name: string): Meaning | undefined {
  if (isFunction(node)) {
    const index = node.params.findIndex((parameter) => nameOf(parameter) === name)
    return index === -1 ? undefined : { kind: 'parameter', of: node, index }
  }
  if (node.type !== 'BlockStatement' && node.type !== 'Program') return undefined
  for (const statement of node.body) {
    const isExported = statement.type === 'ExportNamedDeclaration'
    const meaning = declaredBy((isExported && statement.declaration) || statement, name)
    if (meaning) return meaning
  }
  return undefined
}

function declaredBy(declaration: Node, name: string): Meaning | undefined {
  if (declaration.type === 'FunctionDeclaration' && declaration.id?.name === name)
    return { kind: 'function', node: declaration }
  if (declaration.type !== 'VariableDeclaration') return undefined
  const { init } = declaration.declarations.find(({ id }) => nameOf(id) === name) ?? {}
  if (!init) return undefined
  return isFunction(init) ? { kind: 'function', node: init } : { kind: 'value', node: init }
}

function nameOf(pattern: Node): string | undefined {
  if (pattern.type === 'AssignmentPattern') return nameOf(pattern.left)
  return pattern.type === 'Identifier' ? pattern.name : undefined
}
