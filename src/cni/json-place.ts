import { endOfToken, skipSpace } from './json-tokens.js'

/** A place in a text, from 1 on. */
export interface Place {
  line: number
  column: number
}

/** A key of an object, or an item of a list. */
export interface Part {
  /** Where its key begins, or the item. */
  at: number
  /** Keys and indexes. Changes when the next part is asked for. */
  path: readonly (string | number)[]
}

/**
 * The parts of a JSON document, in their order.
 * @param text valid JSON
 */
export function* partsOf(text: string): Generator<Part> {
  const path: (string | number)[] = []
  const open: ('{' | '[')[] = []
  let isKey = false
  for (let at = skipSpace(text, 0), end = at; at < text.length; at = skipSpace(text, end)) {
    end = endOfToken(text, at)
    const first = text.charAt(at)
    const isInList = open.at(-1) === '['
    if (first === '}' || first === ']') {
      open.pop()
      path.pop()
      isKey = false
    } else if (first === ',') {
      if (isInList) path.push(Number(path.pop()) + 1)
      isKey = !isInList
    } else if (first === ':') isKey = false
    else {
      if (isKey) path[path.length - 1] = JSON.parse(text.slice(at, end))
      if (isKey || isInList) yield { at, path }
      if (first === '{' || first === '[') {
        open.push(first)
        path.push(first === '[' ? 0 : '')
        isKey = first === '{'
      }
    }
  }
}

/**
 * Where something is in a JSON document.
 * @param text valid JSON
 * @param path keys, in any case, and indexes; empty for the whole document
 * @returns the place of its key or of the item of a list; of the innermost thing above it that is
 *   there, if it is not
 */
export function placeOf(text: string, path: (string | number)[]): Place {
  let found = { at: 0, depth: 0 }
  for (const { at, path: here } of partsOf(text)) {
    const isOnPath = here.every((one, level) => isSame(one, path[level]))
    if (isOnPath && here.length > found.depth) found = { at, depth: here.length }
  }
  return placeAt(text, found.at)
}

/** The line and column of an offset. */
export function placeAt(text: string, at: number): Place {
  const before = text.slice(0, at)
  return { line: before.split('\n').length, column: at - before.lastIndexOf('\n') }
}

/** Whether a key is the one of a path: in any case, as ADD takes them. */
export function isSame(one: string | number, other: string | number | undefined): boolean {
  return String(one).toLowerCase() === String(other).toLowerCase()
}
