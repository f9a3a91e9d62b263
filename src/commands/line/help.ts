import type { Option, Subcommand } from './subcommand.js'
import { SUBCOMMANDS } from './subcommands.js'
import { optionText, synopsis } from './synopsis.js'

/** Options that every subcommand has. */
export const COMMON_OPTIONS: Option[] = [
  { name: 'help', help: 'say how it is used' },
  { name: 'version', help: 'print the version' },
]

/** What `host-device-l3 --help` prints. */
export function help(): string {
  return `host-device-l3: lends a network device of the host to a pod, with its addresses and routes.

A container runtime calls it with CNI_COMMAND and the other CNI variables set and the
configuration on stdin. A person can ask:

${columns(SUBCOMMANDS.map(({ name, summary }) => [name, summary]))}

  host-device-l3 COMMAND --help    how a command is used
  host-device-l3 --version
`
}

/** What `host-device-l3 COMMAND --help` prints. */
export function helpFor(command: Subcommand): string {
  const options = [...command.options, ...COMMON_OPTIONS]
  return `usage: ${synopsis(command)}

${command.description}

${columns(options.map((option) => [optionText(option), option.help]))}
`
}

function columns(rows: [string, string][]): string {
  const width = Math.max(...rows.map(([first]) => first.length))
  return rows.map(([first, second]) => `  ${first.padEnd(width)}  ${second}`).join('\n')
}
