import { statSync } from 'node:fs'
import { ErrorCode, type ErrorDocument } from '../cni/error.js'
import { lineOfFault } from '../cni/json-fault.js'
import { mistakesIn, otherText } from '../cni/mistakes.js'
import { isObject, parseShallow, spelledAsDocumented } from '../cni/network.js'
import { printable } from '../printable.js'
import { missingRights } from './capabilities.js'

/** A longer input is no configuration: it is not looked at again. */
const MOST_INPUT_CHARACTERS = 1 << 20
const QUOTED_CHARACTERS = 100

/** Errors that neither the configuration nor the rights of the process can explain. */
const OF_OTHERS: number[] = [ErrorCode.incompatibleVersion, ErrorCode.invalidEnvironment]

/**
 * Adds to the details of an error what the call may have failed for: likely mistakes in the
 * configuration, and rights that the process lacks. The log does not get these: it never has the
 * configuration.
 * @param input stdin, as far as it was read
 */
export function withHints(document: ErrorDocument, input: string): ErrorDocument {
  if (OF_OTHERS.includes(document.code)) return document
  const hints = [...hintsIfPossible(input), ...rightsHints()].map(printable)
  const details = [document.details ?? '', ...hints].filter((text) => text !== '').join('; ')
  return details === '' ? document : { ...document, details }
}

/** None where there is no memory or stack to look for them. */
function hintsIfPossible(input: string): string[] {
  try {
    return inputHints(input)
  } catch {
    return []
  }
}

function inputHints(input: string): string[] {
  if (input === '' || input.length > MOST_INPUT_CHARACTERS) return []
  const document = decode(input)
  if (document === undefined) return [otherText(input) ?? faultyLine(input)].filter(Boolean)
  if (!isObject(document)) return []
  const { stateDir } = spelledAsDocumented(document)
  return [...mistakesIn(document).map(({ text }) => text), ...stateDirectoryHints(stateDir)]
}

/** Undefined for what is no JSON, or nested too deep. */
function decode(input: string): unknown {
  try {
    return parseShallow(input)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** The line in which a text stops being JSON; empty if it does not, or if there is no other line. */
function faultyLine(input: string): string {
  const fault = input.trimEnd().includes('\n') ? lineOfFault(input) : undefined
  if (!fault) return ''
  return `line ${fault.line} is ${JSON.stringify(fault.text.slice(0, QUOTED_CHARACTERS))}`
}

function stateDirectoryHints(stateDir: unknown): string[] {
  if (typeof stateDir !== 'string') return []
  try {
    if (statSync(stateDir).isDirectory()) return []
    return [`"stateDir" ${stateDir.slice(0, QUOTED_CHARACTERS)} is a file; it must be a directory`]
  } catch {
    return []
  }
}

function rightsHints(): string[] {
  const missing = missingRights()
  return missing === undefined ? [] : [`the plugin runs as ${missing}`]
}
