/**
 * Control characters, formats such as those that change the direction of text, and halves of pairs,
 * but no line break or tab.
 */
const UNPRINTABLE = /(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

/** Bytes that are no UTF-8 are these in a text (`kernel/kernel-text.ts`). */
const [FIRST_BYTE, LAST_BYTE] = [0xdc80, 0xdcff]

/**
 * A text as it can be shown to an operator. Names and aliases may be made in a pod: they must not
 * reach a terminal or an event raw.
 */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, escaped)
}

/** The same in one line, for a part of a line: a name with a line break could else forge the next one. */
export function printableLine(text: string): string {
  return printable(text).replace(/[\n\t]/g, escaped)
}

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0
  const number = code >= FIRST_BYTE && code <= LAST_BYTE ? code & 0xff : code
  const digits = number.toString(16)
  return number < 0x100 ? `\\x${digits.padStart(2, '0')}` : `\\u{${digits}}`
}
