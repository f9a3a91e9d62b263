/** Numbers of every run of one thing, such as the milliseconds it took. */
export class Samples {
  readonly #values: number[] = []

  add(value: number): void {
    this.#values.push(value)
  }

  get median(): number {
    return this.quantile(0.5)
  }

  get minimum(): number {
    return Math.min(...this.#values)
  }

  get maximum(): number {
    return Math.max(...this.#values)
  }

  /** @param share 0.9: nine runs in ten have this value or less */
  quantile(share: number): number {
    const sorted = this.#values.toSorted((a, b) => a - b)
    return sorted[Math.floor(sorted.length * share)] ?? Number.NaN
  }
}

/** Milliseconds of every run of one thing. */
export class Timings extends Samples {
  /** Runs the work and notes how long it took. */
  time(work: () => void): void {
    const start = process.hrtime.bigint()
    work()
    this.add(Number(process.hrtime.bigint() - start) / 1e6)
  }
}

/** What a part of the bench found: in each row what was measured, and numbers. */
export interface Report {
  title: string
  rows: Record<string, string | number>[]
}

/** A report as a table with aligned columns. */
export function table({ title, rows }: Report): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  const cells = [columns, ...rows.map((row) => columns.map((name) => text(row[name])))]
  const widths = columns.map((_, n) => Math.max(...cells.map((row) => row[n]?.length ?? 0)))
  const isText = columns.map((name) => typeof rows[0]?.[name] === 'string')
  const lines = cells.map((row) =>
    row
      .map((cell, n) => (isText[n] ? cell.padEnd(widths[n] ?? 0) : cell.padStart(widths[n] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
  return [`\n${title}\n`, ...lines].join('\n')
}

function text(cell: string | number | undefined): string {
  if (typeof cell !== 'number') return cell ?? ''
  // Of no run at all there is neither a median nor a minimum.
  return Number.isFinite(cell) ? cell.toFixed(2) : '-'
}
