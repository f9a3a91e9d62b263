/** What a carrier does with one demand, in the words of the table. */
export type Cell = string

export const YES: Cell = 'yes'

/** Of a demand with several parts: which of them are not met. */
export function cellOf(parts: Readonly<Record<string, boolean>>): Cell {
  const missing = Object.keys(parts).filter((name) => !parts[name])
  if (missing.length === 0) return YES
  if (missing.length === Object.keys(parts).length) return 'no'
  return `no: not ${missing.join(', ')}`
}

/** Of a demand that was tried several times: which time had which outcome. */
export function cellOfEach(outcomes: ReadonlyMap<string, Cell>): Cell {
  const cells = [...new Set(outcomes.values())]
  if (cells.length === 1) return cells[0] as Cell
  const triesOf = (cell: Cell) =>
    [...outcomes].filter(([, one]) => one === cell).map(([key]) => key)
  return cells.map((cell) => `${triesOf(cell).join(', ')}: ${cell}`).join('; ')
}
