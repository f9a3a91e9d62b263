import { COMMON_OPTIONS } from '../../src/commands/line/help.js'
import type { Operand, Option, Subcommand } from '../../src/commands/line/subcommand.js'

/** What a shell offers for a value or an operand. */
export type Kind = 'file' | 'directory' | 'device' | 'unknown'

/** What a value is, by the word that the help has for it. */
const KINDS: Record<string, Kind> = { FILE: 'file', PATH: 'file', DIR: 'directory' }

/** The options of a subcommand, those that every one has among them. */
export function optionsOf(command: Subcommand): Option[] {
  return [...command.options, ...COMMON_OPTIONS]
}

export function kindOf(value: string): Kind {
  return KINDS[value] ?? 'unknown'
}

export function operandKind(operand: Operand): Kind {
  return operand.isOnHost ? 'device' : kindOf(operand.name)
}
