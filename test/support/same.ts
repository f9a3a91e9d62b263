import { setTimeout as sleep } from 'node:timers/promises'

/** For how long a state may differ from what it is to become. */
const MOST_MILLISECONDS = 3_000

/** @throws Error that says in what the one differs from the other */
export function expectSame(actual: unknown, expected: unknown, when: string): void {
  const lines = differences(expected, actual)
  if (lines.length > 0) throw new Error(`${when}:\n${lines.slice(0, 20).join('\n')}`)
}

/** Waits until something is as expected. @throws Error that says in what it still differs */
export async function expectSoonSame(
  look: () => Promise<unknown>,
  expected: unknown,
  when: string,
): Promise<void> {
  for (const end = Date.now() + MOST_MILLISECONDS; ; await sleep(50)) {
    const actual = await look()
    if (Date.now() > end) return expectSame(actual, expected, when)
    if (differences(expected, actual).length === 0) return
  }
}

/** A line for each part, like "host.rules: {"priority":50} is missing". */
function differences(expected: unknown, actual: unknown, path = ''): string[] {
  const [before, after] = [JSON.stringify(expected), JSON.stringify(actual)]
  if (before === after) return []
  if (Array.isArray(expected) && Array.isArray(actual)) {
    const beyond = (these: unknown[], those: unknown[]) => {
      const texts = those.map((one) => JSON.stringify(one))
      return these.map((one) => JSON.stringify(one)).filter((text) => !texts.includes(text))
    }
    const missing = beyond(expected, actual).map((text) => `${path}: ${text} is missing`)
    const extra = beyond(actual, expected).map((text) => `${path}: ${text} is new`)
    return missing.length + extra.length > 0 ? [...missing, ...extra] : [`${path}: another order`]
  }
  if (isObject(expected) && isObject(actual)) {
    const keys = new Set([...Object.keys(expected), ...Object.keys(actual)])
    return [...keys].flatMap((key) => differences(expected[key], actual[key], `${path}.${key}`))
  }
  return [`${path}: ${after} in place of ${before}`]
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
