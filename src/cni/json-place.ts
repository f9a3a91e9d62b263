/** A string, a bracket, a comma, a colon, or a word. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/gs

/** An object or list that is open: the key or index of what comes next in it. */
interface Open {
  isList: boolean
  at: string | number
}

/**
 * Where something is in a JSON document.
 * @param text valid JSON
 * @param path keys, in any case, and indexes; empty for the whole document
 * @returns line and column, from 1 on, of its key or of the item of a list; of the innermost thing
 *   above it that is there, if it is not
 */
export function placeOf(text: string, path: (string | number)[]): { line: number; column: number } {
  const open: Open[] = []
  let found = { at: 0, depth: 0 }
  let isKey = false
  const note = (at: number) => {
    const isOnPath = open.every((one, level) => isSame(one.at, path[level]))
    if (isOnPath && open.length > found.depth) found = { at, depth: open.length }
  }
  for (const { 0: token, index: at } of text.matchAll(TOKEN)) {
    const inner = open.at(-1)
    if (token === '}' || token === ']') open.pop()
    else if (token === ',' && inner?.isList) inner.at = Number(inner.at) + 1
    else if (token === ',') isKey = true
    else if (token === ':') isKey = false
    else if (isKey && inner && !inner.isList) {
      inner.at = JSON.parse(token)
      note(at)
    } else if (inner?.isList) note(at)
    if (token === '{' || token === '[') {
      open.push({ isList: token === '[', at: token === '[' ? 0 : '' })
      isKey = token === '{'
    } else if (token === '}' || token === ']') isKey = false
  }
  const before = text.slice(0, found.at)
  return { line: before.split('\n').length, column: found.at - before.lastIndexOf('\n') }
}

function isSame(one: string | number, other: string | number | undefined): boolean {
  return String(one).toLowerCase() === String(other).toLowerCase()
}
