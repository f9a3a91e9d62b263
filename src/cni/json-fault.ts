import { endOfToken, PUNCTUATION, skipSpace } from './json-tokens.js'

/** What a text must go on with to be JSON; the words complete '… was expected'. */
type Expected =
  | 'a value'
  | 'a value or "]"'
  | 'a key in quotes'
  | 'a key in quotes or "}"'
  | '":"'
  | '"," or "}"'
  | '"," or "]"'
  | 'the end'

/** The place where a text stops being JSON, and why. */
interface Fault {
  at: number
  reason: string
}

/** Maximum number of characters of a text quoted in an error. */
const QUOTED_CHARACTERS = 20

/**
 * Describes why a text is no JSON: in which line and column, and what was expected there. Engines
 * have words of their own for that, and some do not say where.
 * @param mostLevels how deep it is looked at
 * @returns undefined if there is no fault as far as that
 */
export function describeFault(text: string, mostLevels: number): string | undefined {
  const fault = findFault(text, mostLevels)
  if (!fault) return undefined
  const before = text.slice(0, fault.at)
  if (before.length === text.length) return 'unexpected end of JSON input'
  const line = before.split('\n').length
  return `line ${line}, column ${fault.at - before.lastIndexOf('\n')}: ${fault.reason}`
}

/** Where a text stops being JSON, from 1 on; the beginning if it does not. */
export function placeOfFault(text: string): { line: number; column: number } {
  const before = text.slice(0, offsetOfFault(text) ?? 0).split('\n')
  return { line: before.length, column: (before.at(-1) ?? '').length + 1 }
}

/** The number and the text of the line in which a text stops being JSON; undefined if it does not. */
export function lineOfFault(text: string): { line: number; text: string } | undefined {
  const at = offsetOfFault(text)
  if (at === undefined) return undefined
  const before = text.slice(0, at).split('\n')
  const start = before.at(-1) ?? ''
  const [rest = ''] = text.slice(at).split('\n', 1)
  return { line: before.length, text: `${start}${rest}` }
}

function offsetOfFault(text: string): number | undefined {
  const fault = findFault(text, Number.POSITIVE_INFINITY)
  return fault && Math.min(fault.at, text.length)
}

/** Undefined if the text is JSON, or nested too deep. */
function findFault(text: string, mostLevels: number): Fault | undefined {
  const open: string[] = []
  let expected: Expected = 'a value'
  for (let at = skipSpace(text, 0); at < text.length && open.length <= mostLevels; ) {
    const end = endOfToken(text, at)
    if (end > text.length) return { at: text.length, reason: '' }
    const token = text.slice(at, end)
    const next = follow(token.charAt(0), expected, open)
    if (!next) return { at, reason: `${expected} was expected, not ${quote(token)}` }
    if (!PUNCTUATION.includes(token) && !isScalar(token))
      return { at, reason: `JSON does not allow ${quote(token)}` }
    expected = next
    at = skipSpace(text, end)
  }
  if (open.length > mostLevels) return undefined
  return expected === 'the end' ? undefined : { at: text.length, reason: '' }
}

/**
 * What may come after a token.
 * @param first the token's first character
 * @param open the brackets that are open; changed by a bracket
 * @returns undefined if the token is not one of those expected
 */
function follow(first: string, expected: Expected, open: string[]): Expected | undefined {
  switch (first) {
    case '}':
    case ']':
      if (!expected.includes(`"${first}"`)) return undefined
      open.pop()
      return afterValue(open)
    case ':':
      return expected === '":"' ? 'a value' : undefined
    case ',':
      if (!expected.startsWith('","')) return undefined
      return open.at(-1) === '{' ? 'a key in quotes' : 'a value'
  }
  if (first === '"' && expected.startsWith('a key')) return '":"'
  if (!expected.startsWith('a value')) return undefined
  if (first !== '{' && first !== '[') return afterValue(open)
  open.push(first)
  return first === '{' ? 'a key in quotes or "}"' : 'a value or "]"'
}

function afterValue(open: string[]): Expected {
  const innermost = open.at(-1)
  if (innermost === undefined) return 'the end'
  return innermost === '{' ? '"," or "}"' : '"," or "]"'
}

/** Whether a token is a string, a number, true, false or null. */
function isScalar(token: string): boolean {
  try {
    JSON.parse(token)
    return true
  } catch {
    return false
  }
}

function quote(token: string): string {
  return JSON.stringify(token.slice(0, QUOTED_CHARACTERS))
}
