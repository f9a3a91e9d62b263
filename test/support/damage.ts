/** A record with one text or number in it replaced. */
export interface Damage {
  /** Which: "state.routes.0.value.destination". */
  where: string
  /** By what. */
  value: string | number
  text: string
}

/** No text of a record is any of these. */
const TEXTS = ['', 'zz', '\0', '::1/129', '1.2.3.4/99', '::ffff:1.2.3.4', 'x'.repeat(300)]
const NUMBERS = [-1, 2 ** 31, 2 ** 40, 1e300]

/** Each text and each number of a record replaced in turn; of alike objects in a list those of one. */
export function damagesOf(record: string): Damage[] {
  const known = new Set<string>()
  return leavesOf(JSON.parse(record)).flatMap(({ path, value }) => {
    const where = path.join('.')
    const kind = where.replaceAll(/\.\d+(?=\.|$)/g, '.*')
    if (known.has(kind)) return []
    known.add(kind)
    const others = typeof value === 'string' ? TEXTS : NUMBERS
    return others.map((other) => ({ where, value: other, text: replaced(record, path, other) }))
  })
}

interface Leaf {
  path: string[]
  value: string | number
}

function leavesOf(value: unknown, path: string[] = []): Leaf[] {
  if (typeof value === 'string' || typeof value === 'number') return [{ path, value }]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, [...path, key]))
}

/** A record with one of its texts or numbers replaced. */
export function replaced(record: string, path: string[], value: string | number): string {
  const whole = JSON.parse(record)
  const last = path.at(-1) ?? ''
  // biome-ignore lint/suspicious/noExplicitAny: any place of the record
  const holder = path.slice(0, -1).reduce((inner: any, key) => inner[key], whole)
  holder[last] = value
  return JSON.stringify(whole)
}
