import type { Operand, Option, Subcommand } from './subcommand.js'

/** How a subcommand is called, in a line: `host-device-l3 explain DEVICE [--json]`. */
export function synopsis({ name, operands, options }: Subcommand): string {
  const parts = [
    ...operands.map(operandText),
    ...options.map((option) => `[${optionText(option)}]`),
  ]
  return ['host-device-l3', name, ...parts].join(' ')
}

/** `--config FILE` */
export function optionText({ name, value }: Option): string {
  return value === undefined ? `--${name}` : `--${name} ${value}`
}

function operandText({ name, isOptional, isRepeated }: Operand): string {
  const text = isRepeated ? `${name}…` : name
  return isOptional ? `[${text}]` : text
}
