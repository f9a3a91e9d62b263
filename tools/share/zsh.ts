import type { Operand, Option, Subcommand } from '../../src/commands/line/subcommand.js'
import { type Kind, kindOf, operandKind, optionsOf } from './line.js'

/** The action of _arguments for a kind; a space is: nothing to offer. */
const ACTION: Record<Kind, string> = {
  file: '_files',
  directory: '_files -/',
  device: '_net_interfaces',
  unknown: ' ',
}

/** The completion for zsh. */
export function zshCompletion(commands: Subcommand[]): string {
  const descriptions = commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`)
  return `#compdef host-device-l3
# The completion of host-device-l3 for zsh.

_host-device-l3() {
  local -a commands=(
${descriptions.join('\n')}
    'help:how a command is used'
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    _arguments '--help[say how it is used]' '--version[print the version]'
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
    help) _describe command commands ;;
${commands.map(commandCase).join('\n')}
  esac
}

_host-device-l3 "$@"
`
}

function commandCase(command: Subcommand): string {
  const specifications = [
    ...optionsOf(command).map(optionSpecification),
    ...command.operands.map(operandSpecification),
  ]
  const lines = specifications.map((specification) => `        ${quoted(specification)}`)
  return `    ${command.name})
      _arguments \\
${lines.join(' \\\n')}
      ;;`
}

/** `--config=[HELP]:FILE:_files`: the value may follow after = or as a word. */
function optionSpecification({ name, value, help }: Option): string {
  const text = help.replace(/[[\]\\:]/g, '\\$&')
  if (value === undefined) return `--${name}[${text}]`
  return `--${name}=[${text}]:${value}:${ACTION[kindOf(value)]}`
}

function operandSpecification(operand: Operand): string {
  const place = operand.isRepeated ? '*' : operand.isOptional ? ':' : '1'
  return `${place}:${operand.name}:${ACTION[operandKind(operand)]}`
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
