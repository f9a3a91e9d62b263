import type { Outcome } from './outcome.js'

/** A mover that was tried. */
export interface Tried {
  readonly name: string
  readonly version: string
  readonly outcomes: ReadonlyMap<string, Outcome>
}

/**
 * The page of the documentation that says who carries what, with what was found in the columns of
 * those that were tried, a row for each demand. The other columns, which were only read, and the
 * words around the table are the page's own.
 * @param page as it is
 */
export function comparisonDocument(page: string, tried: readonly Tried[]): string {
  const { head, columns, rows, tail } = partsOf(page)
  const demands = [...new Set(tried.flatMap(({ outcomes }) => [...outcomes.keys()]))]
  const found = demands.map((demand) => {
    const cells = columns.map((column, n) => {
      const outcome = tried.find(({ name }) => name === column)?.outcomes.get(demand)
      return outcome === undefined ? (rows.get(demand)?.[n] ?? '?') : `${outcome} (tried)`
    })
    return `| ${[demand, ...cells].join(' | ')} |`
  })
  return [...head, ...found, ...tail].join('\n').replace(VERSIONS, versionsOf(tried))
}

/** The page without the versions: others that do the same make nothing in it untrue. */
export function withoutVersions(page: string): string {
  return page.replace(VERSIONS, '')
}

const VERSIONS = /^Tried were .*$/m

function versionsOf(tried: readonly Tried[]): string {
  const others = tried.filter(({ version }) => version !== '')
  return `Tried were ${others.map(({ name, version }) => `${name} ${version}`).join(', ')}.`
}

/** The lines of a page before the rows of its table and after them, its columns, and the rows. */
export function partsOf(page: string) {
  const lines = page.split('\n')
  const first = lines.findIndex((line) => line.startsWith('| demand or case |'))
  const end = lines.findIndex((line, n) => n > first && !line.startsWith('|'))
  const [, ...columns] = cellsOf(lines[first] ?? '')
  const cells = lines.slice(first + 2, end).map(cellsOf)
  const rows = new Map(cells.map(([demand = '', ...others]) => [demand, others] as const))
  return { head: lines.slice(0, first + 2), columns, rows, tail: lines.slice(end) }
}

/** Of a line such as "| one | two |". */
function cellsOf(line: string): string[] {
  return line.slice('| '.length, -' |'.length).split(' | ')
}
