import { asCniError } from '../../cni/error.js'
import { placeOfFault } from '../../cni/json-fault.js'
import { type Place, placeOf } from '../../cni/json-place.js'
import { otherText } from '../../cni/mistakes.js'
import { decodeObject } from '../../cni/network.js'
import { duplicatesIn } from './duplicates.js'

/** Keys and indexes. */
export type Path = (string | number)[]

/** A document of a file, and where its parts are there. */
export interface LocatedDocument {
  value: unknown
  isYaml: boolean
  /** The place of a key or item; of the innermost thing above it, if it is not there. */
  placeOf: (path: Path) => Place
  /**
   * Where a place in a text is, which is the value of a key.
   * @returns undefined if the text is written in another way there, as with `\n` for a line break
   */
  placeInText: (path: Path, inner: Place) => Place | undefined
}

/** What is in a file. */
export interface Contents {
  documents: LocatedDocument[]
  /** Why it is not what it should be. */
  faults: (Partial<Place> & { text: string })[]
}

/** The documents of a file of JSON or YAML. */
export async function documentsIn(file: string, text: string): Promise<Contents> {
  if (!isYaml(file, text)) return jsonDocument(text)
  const { yamlDocuments } = await import('./yaml-documents.js')
  return yamlDocuments(text)
}

function isYaml(file: string, text: string): boolean {
  return /\.ya?ml$/i.test(file) || (!/^\s*[{["]/.test(text) && otherText(text) !== undefined)
}

async function jsonDocument(text: string): Promise<Contents> {
  try {
    const value = await decodeObject(text)
    const located = (path: Path) => placeOf(text, path)
    const placeInText = () => undefined
    const faults = duplicatesIn(text, (place) => place)
    return { documents: [{ value, isYaml: false, placeOf: located, placeInText }], faults }
  } catch (error) {
    return { documents: [], faults: [{ ...placeOfFault(text), text: asCniError(error).message }] }
  }
}
