/*
 * Names, aliases and labels are bytes for the kernel. Here they are texts. A byte that is no UTF-8
 * stands in such a text as one of U+DC80 to U+DCFF, halves of pairs that no UTF-8 decodes to. JSON
 * has an escape for them, so they pass through records too. (Python calls this surrogateescape.)
 */

const ESCAPE = 0xdc00
const ESCAPED = /[\udc80-\udcff]/

/** Number of bytes of the longest character in UTF-8. */
const LONGEST_CHARACTER = 4

/** The text of bytes from the kernel. */
export function textOfBytes(bytes: Buffer): string {
  const text = bytes.toString()
  // U+FFFD stands in for what is no UTF-8.
  return text.includes('\ufffd') ? withEscapes(bytes) : text
}

/** The bytes of a text, for the kernel: what `textOfBytes` made the text of. */
export function bytesOfText(text: string): Buffer {
  if (!ESCAPED.test(text)) return Buffer.from(text)
  return Buffer.concat(
    [...text].map((character) =>
      // A whole pair has more than one unit.
      character.length === 1 && ESCAPED.test(character)
        ? Buffer.from([character.charCodeAt(0) - ESCAPE])
        : Buffer.from(character),
    ),
  )
}

/** A path with such a text in it, for the functions of `node:fs`. */
export function pathOfText(path: string): string | Buffer {
  return ESCAPED.test(path) ? bytesOfText(path) : path
}

function withEscapes(bytes: Buffer): string {
  let text = ''
  for (let at = 0; at < bytes.length; ) {
    const part = wholeCharacters(bytes.subarray(at, at + LONGEST_CHARACTER))
    text += part?.toString() ?? String.fromCharCode(ESCAPE + (bytes[at] ?? 0))
    at += part?.length ?? 1
  }
  return text
}

/** As many bytes of the beginning as are whole characters; undefined if there is not one. */
function wholeCharacters(bytes: Buffer): Buffer | undefined {
  for (let length = bytes.length; length > 0; length--) {
    const part = bytes.subarray(0, length)
    if (Buffer.from(part.toString()).equals(part)) return part
  }
  return undefined
}
