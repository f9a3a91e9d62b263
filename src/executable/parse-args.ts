/** In place of node:util: its parseArgs, as far as long options with a name go. */

type Option = { type: 'boolean' | 'string' }
type Values = Record<string, string | boolean | undefined>

/**
 * Parses a command line as Node's parseArgs does where positionals are allowed.
 * @throws TypeError in the words of Node's
 */
export function parseArgs({ args, options }: { args: string[]; options: Record<string, Option> }) {
  const values: Values = Object.create(null)
  const positionals: string[] = []
  const words = args.map((word) => word)
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === '--') {
      positionals.push(...words)
      break
    }
    if (!word.startsWith('-') || word === '-') positionals.push(word)
    else if (word.startsWith('--')) parseLong(word, words, options, values)
    else throw unknown(`-${[...word][1]}`)
  }
  return { values, positionals }
}

/** `--name`, `--name value` or `--name=value` */
function parseLong(
  word: string,
  words: string[],
  options: Record<string, Option>,
  values: Values,
): void {
  const equals = word.indexOf('=', 3)
  const name = equals === -1 ? word.slice(2) : word.slice(2, equals)
  const given = equals === -1 ? undefined : word.slice(equals + 1)
  const option = Object.hasOwn(options, name) ? options[name] : undefined
  if (!option) throw unknown(`--${name}`)
  if (option.type === 'string') {
    values[name] = given ?? takeValue(name, words)
  } else {
    if (given !== undefined) throw new TypeError(`Option '--${name}' does not take an argument`)
    values[name] = true
  }
}

function takeValue(name: string, words: string[]): string {
  const value = words.shift()
  if (value === undefined) throw new TypeError(`Option '--${name} <value>' argument missing`)
  if (value.length > 1 && value.startsWith('-'))
    throw new TypeError(
      `Option '--${name}' argument is ambiguous.\n` +
        `Did you forget to specify the option argument for '--${name}'?\n` +
        `To specify an option argument starting with a dash use '--${name}=-XYZ'.`,
    )
  return value
}

function unknown(option: string): TypeError {
  return new TypeError(
    `Unknown option '${option}'. To specify a positional argument starting with a '-', ` +
      `place it at the end of the command after '--', as in '-- ${JSON.stringify(option)}`,
  )
}
