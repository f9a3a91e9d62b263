import { CONFIGURATION_DEFAULTS } from '../../src/cni/configuration-defaults.js'
import type { Option, Subcommand } from '../../src/commands/line/subcommand.js'
import { synopsis } from '../../src/commands/line/synopsis.js'
import { optionsOf } from './line.js'

/** The manual page, for man(7) macros. */
export function manual(commands: Subcommand[], version: string): string {
  return `.TH HOST\\-DEVICE\\-L3 8 "" ${quoted(`host-device-l3 ${version}`)} "System Administration"
.SH NAME
host\\-device\\-l3 \\- lends a network device of the host to a pod, with its addresses and routes
.SH SYNOPSIS
.nf
${commands.map((command) => escaped(synopsis(command))).join('\n')}
.fi
.SH DESCRIPTION
A CNI plugin.
A container runtime calls it with CNI_COMMAND and the other CNI variables set and the configuration
on stdin.
It then takes no arguments.
The commands below are for people and scripts.
.SH COMMANDS
${commands.map(section).join('\n')}
.SH EXIT STATUS
0, or 1 for an error.
A runtime finds the error on stdout, a caller of a command on stderr.
.SH FILES
.TP
.I ${escaped(CONFIGURATION_DEFAULTS.stateDir)}
The records of what is lent, if "stateDir" of the configuration names no other directory.
.TP
.I /run/host\\-device\\-l3.turns
An empty file.
Calls of the executable lock bytes of it where a control group allows little memory, so that they
take turns.
.SH SEE ALSO
.BR ip\\-link (8),
.BR ip\\-netns (8)
`
}

function section(command: Subcommand): string {
  return [
    `.SS ${quoted(command.name)}`,
    escaped(command.description),
    ...optionsOf(command).flatMap(paragraph),
  ].join('\n')
}

function paragraph({ name, value, help }: Option): string[] {
  const tag = `.B ${escaped(`--${name}`)}${value === undefined ? '' : ` \\fI${escaped(value)}\\fR`}`
  return ['.TP', tag, escaped(help)]
}

/** Plain text as roff: a dash stays a dash, and no line is taken for a request. */
function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('…', '...')
    .replace(/[^\x20-\x7e\n]/gu, (one) => `\\[u${hexadecimal(one)}]`)
    .replace(/^[.']/gm, '\\&$&')
}

function hexadecimal(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
}

/** One argument of a request. */
function quoted(text: string): string {
  return `"${escaped(text).replaceAll('"', '\\(dq')}"`
}
