import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { type Node, Syntax } from '../support/syntax.js'

const PAGE = readFileSync(new URL('../../docs/security.md', import.meta.url), 'utf8')
const TESTS = new Syntax(fileURLToPath(new URL('..', import.meta.url)))

/** Files of which every test is an attack. */
const HOSTILE = [
  ...[...TESTS.files.keys()].filter((file) => /^hostile\/.*\.test\.ts$/.test(file)),
  ...['device-identity', 'sandbox-identity', 'state-files'].map((name) => `netns/${name}.test.ts`),
]

/** The titles of a file's tests, as they are written: with %s where there are several. */
function titlesIn(file: string): string[] {
  return (TESTS.files.get(file) ?? []).flatMap((node) => titleOf(node) ?? [])
}

/** The title in `it('title', …)` and `it.each(…)('title', …)`. */
function titleOf(node: Node): string | undefined {
  if (node.type !== 'CallExpression') return undefined
  const { callee } = node
  const isEach =
    callee.type === 'CallExpression' &&
    callee.callee.type === 'MemberExpression' &&
    isIt(callee.callee.object)
  if (!isEach && !isIt(callee)) return undefined
  const [title] = node.arguments
  return title?.type === 'Literal' && typeof title.value === 'string' ? title.value : undefined
}

function isIt(node: Node): boolean {
  return node.type === 'Identifier' && node.name === 'it'
}

/** A row of the table: where the test is, its title, and what the attacker does. */
const ROWS = [...PAGE.matchAll(/^\| `([\w/-]+\.test\.ts)` \| (.+?) \| (.+?) \|$/gm)].map(
  ([, file = '', title = '', attack = '']) => ({ file, title, attack }),
)

describe('the table of attacks in docs/security.md', () => {
  it.each(HOSTILE)('has every test of %s once, and no other', (file) => {
    const inTable = ROWS.filter((row) => row.file === file).map(({ title }) => title)
    expect(inTable.toSorted()).toEqual(titlesIn(file).toSorted())
  })

  it('has no test that there is not', () => {
    expect(ROWS.filter(({ file, title }) => !titlesIn(file).includes(title))).toEqual([])
  })

  it('has no attack twice, and at least forty', () => {
    const attacks = ROWS.map(({ attack }) => attack)
    expect(attacks.filter((attack, n) => attacks.indexOf(attack) !== n)).toEqual([])
    expect(attacks.length).toBeGreaterThanOrEqual(40)
  })
})
