export const PUNCTUATION = '{}[]:,'
const SPACE = ' \t\n\r'
const ENDS_WORD = `${PUNCTUATION}${SPACE}"`

/**
 * The end of a bracket, a string or a word that begins at a place; beyond the text for a string that
 * is not closed.
 */
export function endOfToken(text: string, at: number): number {
  const first = text.charAt(at)
  if (PUNCTUATION.includes(first)) return at + 1
  if (first === '"') return endOfString(text, at)
  let end = at + 1
  while (end < text.length && !ENDS_WORD.includes(text.charAt(end))) end++
  return end
}

/** The first character from a place on that is no white space. */
export function skipSpace(text: string, from: number): number {
  let at = from
  while (at < text.length && SPACE.includes(text.charAt(at))) at++
  return at
}

/** Without a regular expression, which runs out of memory in a string of megabytes. */
function endOfString(text: string, at: number): number {
  for (let end = at + 1; ; end++) {
    end = text.indexOf('"', end)
    if (end === -1) return text.length + 1
    let escapes = 0
    while (text[end - 1 - escapes] === '\\') escapes++
    if (escapes % 2 === 0) return end + 1
  }
}
