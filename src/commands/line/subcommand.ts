import { type Answer, documentAnswer } from '../answer.js'

/** An option of a subcommand. */
export interface Option {
  /** Without the dashes. */
  name: string
  /** What its value is, in capitals, such as FILE; undefined for an option without a value. */
  value?: string
  /** A sentence without a full stop. */
  help: string
}

/** What follows a subcommand's name: DEVICE, [DEVICE] or FILE… */
export interface Operand {
  name: string
  /** Whether it is a device that is on the host now: shells offer these. */
  isOnHost?: boolean
  isOptional?: boolean
  isRepeated?: boolean
}

/** What the words of a command line say. */
export interface Given {
  operands: string[]
  /** The values of options by their names; an empty text for an option without a value. */
  options: ReadonlyMap<string, string>
  /** Reads stdin. */
  readInput: () => string
}

/**
 * A command of the command line. The help, the completions and the manual page are made of these,
 * too.
 */
export interface Subcommand {
  name: string
  operands: Operand[]
  options: Option[]
  /** A line for the list of all. */
  summary: string
  /** Sentences for its own help, wrapped to 80 columns. */
  description: string
  /** Loads and runs it. Whatever it throws is an error for stderr. */
  run: (given: Given) => Promise<Answer>
}

/** An answer in plain text, or in JSON. */
export function answerWith(
  given: Given,
  document: () => object,
  text: () => string,
  failed = false,
): Answer {
  return given.options.has('json')
    ? documentAnswer(document(), failed)
    : { kind: 'text', text: text(), failed }
}
