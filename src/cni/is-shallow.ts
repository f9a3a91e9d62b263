/** Nobody needs more; far more would exhaust the stack where it is printed again. */
const MOST_LEVELS = 1000

/** Whether a JSON value is of no more levels than can be worked with. */
export function isShallow(value: unknown): boolean {
  let level = [value]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MOST_LEVELS) return false
    level = level.flatMap((one) => (typeof one === 'object' ? Object.values(one ?? {}) : []))
  }
  return true
}
