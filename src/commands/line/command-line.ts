import { version } from '../../../package.json'
import { asCniError } from '../../cni/error.js'
import { nearest } from '../../nearest.js'
import type { Answer } from '../answer.js'
import { readArguments, WrongUse } from './arguments.js'
import { help, helpFor } from './help.js'
import { SUBCOMMANDS } from './subcommands.js'

/** Asked for in any place before `--`. */
const HELP = ['--help', '-h']
const VERSION = ['--version', '-V']

/**
 * Runs a command given on the command line.
 * @param words the arguments, without the program
 * @param readInput reads stdin; not called for a command without input
 */
export async function answerCommandLine(words: string[], readInput: () => string): Promise<Answer> {
  try {
    return await answer(words, readInput)
  } catch (error) {
    const { message, details } = asCniError(error)
    const more = details ? `\n${details}` : ''
    return { kind: 'message', text: `host-device-l3: ${message}${more}`, failed: true }
  }
}

async function answer(words: string[], readInput: () => string): Promise<Answer> {
  const end = words.indexOf('--')
  const options = end === -1 ? words : words.slice(0, end)
  const [first = '', ...rest] = words
  if (options.some((word) => HELP.includes(word)) || first === 'help')
    return text(helpAbout(words.find((word) => word !== 'help' && !word.startsWith('-'))))
  if (options.some((word) => VERSION.includes(word)) || first === 'version')
    return text(`${version}\n`)
  const command = SUBCOMMANDS.find(({ name }) => name === first)
  if (!command) throw unknownCommand(first)
  return command.run(readArguments(command, rest, readInput))
}

function helpAbout(name: string | undefined): string {
  const command = SUBCOMMANDS.find((one) => one.name === name)
  if (command) return helpFor(command)
  if (name === undefined) return help()
  throw unknownCommand(name)
}

function unknownCommand(word: string): WrongUse {
  const names = SUBCOMMANDS.map(({ name }) => name)
  const meant = nearest(word.replace(/^-+/, ''), names)
  const hint = meant === undefined ? `the commands are ${names.join(', ')}` : `is "${meant}" meant?`
  const what = word.startsWith('-') ? 'option' : 'command'
  return new WrongUse(
    `there is no ${what} ${JSON.stringify(word)}; ${hint}\n'host-device-l3 --help' says more`,
  )
}

function text(content: string): Answer {
  return { kind: 'text', text: content, failed: false }
}
