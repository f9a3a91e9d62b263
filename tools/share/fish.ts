import type { Option, Subcommand } from '../../src/commands/line/subcommand.js'
import { type Kind, kindOf, operandKind, optionsOf } from './line.js'

/** What `complete` is told to offer for a value or an operand of a kind. */
const OFFER: Record<Kind, string> = {
  file: ' -F',
  directory: " -a '(__fish_complete_directories)'",
  device: " -a '(__fish_print_interfaces)'",
  unknown: '',
}

/** The completion for fish. */
export function fishCompletion(commands: Subcommand[]): string {
  const first = commands.map(
    ({ name, summary }) => `complete ${FIRST} -a ${name} -d ${quoted(summary)}`,
  )
  const names = commands.map(({ name }) => name).join(' ')
  return `# The completion of host-device-l3 for fish.

complete -c host-device-l3 -f
${first.join('\n')}
complete ${FIRST} -a help -d 'how a command is used'
complete ${FIRST} -l help -d 'say how it is used'
complete ${FIRST} -l version -d 'print the version'
complete -c host-device-l3 -n '__fish_seen_subcommand_from help' -a '${names}'
${commands.flatMap(linesOf).join('\n')}
`
}

const FIRST = '-c host-device-l3 -n __fish_use_subcommand'

function linesOf(command: Subcommand): string[] {
  const start = `complete -c host-device-l3 -n '__fish_seen_subcommand_from ${command.name}'`
  const options = optionsOf(command).map((option) => `${start} ${optionText(option)}`)
  const [operand] = command.operands
  const offer = operand ? OFFER[operandKind(operand)] : ''
  return offer === '' ? options : [...options, `${start}${offer}`]
}

function optionText({ name, value, help }: Option): string {
  const offer = value === undefined ? '' : ` -r${OFFER[kindOf(value)]}`
  return `-l ${name}${offer} -d ${quoted(help)}`
}

function quoted(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`
}
