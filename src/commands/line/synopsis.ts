import type { Operand, Option, Subcommand } from './subcommand.js'

/** A longer line names no options: the help has a list of them. */
const LONGEST = 92

/** How a subcommand is called, in a line: `host-device-l3 explain DEVICE [--json]`. */
export function synopsis({ name, operands, options }: Subcommand): string {
  const start = ['host-device-l3', name, ...operands.map(operandText)].join(' ')
  const line = [start, ...options.map((option) => `[${optionText(option)}]`)].join(' ')
  return line.length > LONGEST ? `${start} [OPTION…]` : line
}

/** `--config FILE` */
export function optionText({ name, value }: Option): string {
  return value === undefined ? `--${name}` : `--${name} ${value}`
}

function operandText({ name, isOptional, isRepeated }: Operand): string {
  const text = isRepeated ? `${name}…` : name
  return isOptional ? `[${text}]` : text
}
