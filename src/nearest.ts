/** A text that is compared is cut to this: the work grows with the square of it. */
const MOST_CHARACTERS = 40

/**
 * The candidate that a mistyped word most likely means: the nearest one, if no more than one letter
 * in three was left out, added, replaced or swapped with its neighbour. Case does not count.
 */
export function nearest(word: string, candidates: string[]): string | undefined {
  const typed = word.slice(0, MOST_CHARACTERS).toLowerCase()
  let best: string | undefined
  let least = Math.floor(typed.length / 3) + 1
  for (const candidate of candidates) {
    const distance = editDistance(typed, candidate.toLowerCase())
    if (distance < least) [best, least] = [candidate, distance]
  }
  return best
}

/** How many letters have to be added, removed, replaced or swapped to make `b` of `a`. */
function editDistance(a: string, b: string): number {
  let twoAbove: number[] = []
  let above = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const isSame = a[row - 1] === b[column - 1]
      const isSwapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      current[column] = Math.min(
        (above[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (above[column - 1] ?? 0) + (isSame ? 0 : 1),
        row > 1 && column > 1 && isSwapped ? (twoAbove[column - 2] ?? 0) + 1 : Number.MAX_VALUE,
      )
    }
    twoAbove = above
    above = current
  }
  return above[b.length] ?? 0
}
