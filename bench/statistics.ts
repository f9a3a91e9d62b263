/** Milliseconds of every run of one thing. */
export class Timings {
  readonly #runs: number[] = []

  /** Runs the work and notes how long it took. */
  time(work: () => void): void {
    const start = process.hrtime.bigint()
    work()
    this.#runs.push(Number(process.hrtime.bigint() - start) / 1e6)
  }

  get median(): number {
    const sorted = this.#runs.toSorted((a, b) => a - b)
    return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
  }

  get minimum(): number {
    return Math.min(...this.#runs)
  }
}

/** Rows of cells as a table with aligned columns. */
export function table(rows: string[][]): string {
  const widths = rows[0]?.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  )
  return rows
    .map((row) => row.map((cell, n) => pad(cell, n, widths?.[n] ?? 0)).join('  '))
    .join('\n')
}

function pad(cell: string, column: number, width: number): string {
  return column === 0 ? cell.padEnd(width) : cell.padStart(width)
}
