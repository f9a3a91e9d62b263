/** What a mover does with one demand, in the words of the table. */
export type Outcome = string

export const YES: Outcome = 'yes'

/** Of a demand with several parts: which of them are not met. */
export function outcomeOf(parts: Readonly<Record<string, boolean>>): Outcome {
  const missing = Object.keys(parts).filter((name) => !parts[name])
  if (missing.length === 0) return YES
  if (missing.length === Object.keys(parts).length) return 'no'
  return `no: not ${missing.join(', ')}`
}

/** Of a demand that was tried several times: which try had which outcome. */
export function outcomeOfEach(tries: ReadonlyMap<string, Outcome>): Outcome {
  const different = [...new Set(tries.values())]
  const [only] = different
  if (only !== undefined && different.length === 1) return only
  const triesWith = (outcome: Outcome) =>
    [...tries].filter(([, one]) => one === outcome).map(([name]) => name)
  return different.map((outcome) => `${triesWith(outcome).join(', ')}: ${outcome}`).join('; ')
}
