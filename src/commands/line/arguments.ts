import { nearest } from '../../nearest.js'
import type { Given, Operand, Subcommand } from './subcommand.js'
import { synopsis } from './synopsis.js'

/** Words that do not fit the command. The message says which, and how it is called. */
export class WrongUse extends Error {}

/**
 * Reads the words after a subcommand's name: options in any place, as `--name VALUE` or
 * `--name=VALUE`, and operands. After `--` there are operands only.
 * @throws WrongUse
 */
export function readArguments(
  command: Subcommand,
  words: string[],
  readInput: () => string,
): Given {
  const operands: string[] = []
  const options = new Map<string, string>()
  const rest = [...words]
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--') operands.push(...rest.splice(0))
    else if (!word.startsWith('-') || word === '-') operands.push(word)
    else readOption(command, word, rest, options)
  }
  requireOperands(command, operands)
  return { operands, options, readInput }
}

/** @param rest the words behind, of which a value is taken */
function readOption(
  command: Subcommand,
  word: string,
  rest: string[],
  options: Map<string, string>,
): void {
  const [, name = word, value] = word.match(/^--([^=]+)(?:=(.*))?$/s) ?? []
  const option = command.options.find((one) => one.name === name)
  if (!option) throw unknownOption(command, word.split('=', 1)[0] ?? word)
  if (options.has(name)) throw wrong(command, `--${name} is given twice`)
  if (option.value === undefined) {
    if (value !== undefined) throw wrong(command, `--${name} takes no value`)
    options.set(name, '')
    return
  }
  const given = value ?? rest.shift()
  if (given === undefined || given === '' || (value === undefined && given.startsWith('--')))
    throw wrong(command, `--${name} needs a value: --${name} ${option.value}`)
  options.set(name, given)
}

function unknownOption(command: Subcommand, word: string): WrongUse {
  const names = command.options.map((option) => `--${option.name}`)
  const meant = nearest(word, [...names, '--help', '--version'])
  const hint = meant === undefined ? '' : `; is ${meant} meant?`
  return wrong(command, `${command.name} has no option ${word}${hint}`)
}

function requireOperands(command: Subcommand, given: string[]): void {
  const wanted = command.operands
  const missing = wanted.filter(({ isOptional }) => !isOptional)[given.length]
  if (missing) throw wrong(command, `${command.name} needs ${article(missing)}`)
  const isRepeated = wanted.some((operand) => operand.isRepeated)
  const surplus = given[wanted.length]
  if (surplus !== undefined && !isRepeated)
    throw wrong(command, `${command.name} has no use for ${JSON.stringify(surplus)}`)
}

function article({ name }: Operand): string {
  return `${/^[AEIOU]/.test(name) ? 'an' : 'a'} ${name}`
}

function wrong(command: Subcommand, what: string): WrongUse {
  return new WrongUse(
    `${what}\nusage: ${synopsis(command)}\n'host-device-l3 ${command.name} --help' says more`,
  )
}
