import { COMMON_OPTIONS } from '../../src/commands/line/help.js'
import type { Subcommand } from '../../src/commands/line/subcommand.js'
import { type Kind, kindOf, operandKind, optionsOf } from './line.js'

/** What offers the words of a kind. Readline itself completes paths: it knows ~ and quotes. */
const OFFER: Record<Kind, string> = {
  file: 'compopt -o default',
  directory: 'compopt -o dirnames',
  device: '_host_device_l3_devices',
  unknown: ':',
}

/** The completion for bash. It needs no functions of the package bash-completion. */
export function bashCompletion(commands: Subcommand[]): string {
  const names = commands.map(({ name }) => name).join(' ')
  return `# The completion of host-device-l3 for bash.

_host_device_l3() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]}
  local command=\${COMP_WORDS[1]}
  COMPREPLY=()
  # Bash takes the = of --name=VALUE for a word.
  if [[ $word == = ]]; then
    word=
  elif [[ $before == = ]]; then
    before=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  if ((COMP_CWORD == 1)); then
    _host_device_l3_words '${names} help ${dashed(COMMON_OPTIONS)}'
    return
  fi
  case "$command $before" in
${commands.flatMap(valueCases).join('\n')}
  esac
  case "$command $word" in
    help\\ *) _host_device_l3_words '${names}' ;;
${commands.flatMap(wordCases).join('\n')}
  esac
}

_host_device_l3_words() {
  mapfile -t COMPREPLY < <(compgen -W "$1" -- "$word")
}

_host_device_l3_devices() {
  local device
  for device in /sys/class/net/*/; do
    device=\${device%/}
    device=\${device##*/}
    [[ $device == "$word"* ]] && COMPREPLY+=("$device")
  done
}

complete -F _host_device_l3 host-device-l3
`
}

function valueCases(command: Subcommand): string[] {
  return command.options.flatMap(({ name, value }) =>
    value === undefined
      ? []
      : [`    '${command.name} --${name}') ${OFFER[kindOf(value)]}; return ;;`],
  )
}

function wordCases(command: Subcommand): string[] {
  const { name, operands } = command
  const options = `    ${name}\\ -*) _host_device_l3_words '${dashed(optionsOf(command))}' ;;`
  const [operand] = operands
  return operand ? [options, `    ${name}\\ *) ${OFFER[operandKind(operand)]} ;;`] : [options]
}

function dashed(options: { name: string }[]): string {
  return options.map(({ name }) => `--${name}`).join(' ')
}
