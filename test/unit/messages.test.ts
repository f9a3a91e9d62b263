// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are templates of the source that is read
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname } from 'node:path'
import { expect, it } from 'vitest'
import { messagesOf } from '../support/messages.js'
import { Syntax } from '../support/syntax.js'

/** The messages of a source of these files. */
function found(files: Record<string, string>): string[] {
  const directory = mkdtempSync(`${tmpdir()}/hdl3-messages-`)
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(`${directory}/${path}`), { recursive: true })
      writeFileSync(`${directory}/${path}`, text)
    }
    return messagesOf(new Syntax(directory)).map(({ kind, text }) => `${kind}: ${text}`)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

it.each([
  ['a text', "throw new Error('it broke')", ['error: it broke']],
  ['what varies', 'warn(`${a} of ${b}${c}`)', ['warning: … of …']],
  [
    'each way of a condition',
    "warn(is ? 'one way' : 'no way')",
    ['warning: one way', 'warning: no way'],
  ],
  ['the name of a text', "const text = 'it broke'\nwarn(text)", ['warning: it broke']],
  [
    'what a function is given',
    'function broken(what: string) { return new Failure(1, `it broke: ${what}`) }\nbroken("by itself")\nbroken("by you")',
    ['error: it broke: by itself', 'error: it broke: by you'],
  ],
  [
    'a path that a function is given, which varies',
    'const broken = (path: string) => new Failure(1, `it broke: ${path}`)\nbroken("/a/b")',
    ['error: it broke: …'],
  ],
  [
    'of several the general one',
    'const broken = (what: string) => new Failure(1, `it broke: ${what}`)\nbroken(path)\nbroken("by you")',
    ['error: it broke: …'],
  ],
  [
    'each of a list',
    "warnOfEach([...all.map((one) => `no ${one}`), 'that is all'])",
    ['warning: no …', 'warning: that is all'],
  ],
  ['the first line', "throw new WrongUse('no use\\nusage: …')", ['error: no use']],
  ['no message that is passed on', 'throw new Failure(kind, error.message)', []],
  ['no text of another function', "print('it broke')", []],
])('finds %s', (_, text, expected) => {
  expect(found({ 'a.ts': text })).toEqual(expected)
})

it('finds what a function of another file returns', () => {
  const files = {
    'a/b.ts': 'export function described(one: One) { return `${one.name} is lent` }',
    'a.ts': "import { described } from './a/b.js'\nthrow new Failure(kind, described(one))",
  }
  expect(found(files)).toEqual(['error: … is lent'])
})

it('finds the likely mistakes', () => {
  const files = {
    'cni/mistakes.ts': "found.push({ path, text: 'it is YAML' })",
    'b.ts': "a({ text: 'b' })",
  }
  expect(found(files)).toEqual(['hint: it is YAML'])
})
