import { describe, expect, it } from 'vitest'
import { answerCommandLine } from '../../src/commands/line/command-line.js'
import { SUBCOMMANDS } from '../../src/commands/line/subcommands.js'
import { nearest } from '../../src/nearest.js'

const answer = (words: string) => answerCommandLine(words.split(' '), () => '')

/** What is printed for good, and for a mistake. */
const textOf = async (words: string) => {
  const said = await answer(words)
  expect(said).toMatchObject({ kind: 'text', failed: false })
  return (said as { text: string }).text
}

describe('the command line', () => {
  it.each(['--help', '-h', 'help'])('%s lists every command', async (words) => {
    const text = await textOf(words)
    for (const { name, summary } of SUBCOMMANDS) {
      expect(text).toMatch(new RegExp(`^  ${name} `, 'm'))
      expect(text).toContain(summary)
    }
  })

  it.each(SUBCOMMANDS)('says how $name is used', async (command) => {
    const { name, options } = command
    const texts = [`${name} --help`, `--help ${name}`, `help ${name}`, `${name} --nonsense -h`]
    const [text = '', ...others] = await Promise.all(texts.map(textOf))
    expect(new Set(others)).toEqual(new Set([text]))
    expect(text).toContain(`usage: host-device-l3 ${name}`)
    for (const option of options) expect(text).toContain(`--${option.name}`)
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(100)
  })

  it.each(['--version', '-V', 'version', 'explain --version', 'explain eth1 --version'])(
    '%s prints the version',
    async (words) => expect(await textOf(words)).toMatch(/^\d+\.\d+\.\d+\n$/),
  )

  it.each([
    ['explan eth1', 'there is no command "explan"; is "explain" meant?'],
    ['frobnicate', 'there is no command "frobnicate"; the commands are explain, '],
    ['--explain eth1', 'there is no option "--explain"; is "explain" meant?'],
    ['help explian', 'there is no command "explian"; is "explain" meant?'],
    ['ADD', 'there is no command "ADD"'],
    ['explain', 'explain needs a DEVICE, or --config FILE'],
    ['validate', 'validate needs a FILE\nusage: host-device-l3 validate FILE… [--json]'],
    ['explain eth1 eth2', 'explain has no use for "eth2"'],
    ['explain eth1 --jsno', 'explain has no option --jsno; is --json meant?'],
    ['explain eth1 --conf=x', 'explain has no option --conf; is --config meant?'],
    ['explain eth1 -j', 'explain has no option -j\nusage'],
    ['explain eth1 --config', '--config needs a value: --config FILE'],
    ['explain eth1 --config --json', '--config needs a value: --config FILE'],
    ['explain eth1 --config=', '--config needs a value: --config FILE'],
    ['list --state-dir /a --state-dir=/b', '--state-dir is given twice'],
    ['explain eth1 --json --json', '--json is given twice'],
    ['explain eth1 --json=yes', '--json takes no value'],
    ['explain -- eth1 --help', 'explain has no use for "--help"'],
  ])('%s is answered with words that help', async (words, expected) => {
    const said = await answer(words)
    expect(said).toMatchObject({ kind: 'message', failed: true })
    expect((said as { text: string }).text).toContain(`host-device-l3: ${expected}`)
  })
})

describe('the nearest word', () => {
  const words = ['device', 'routes', 'rules', 'neighbors', 'dynamicAddresses']
  it.each([
    ['divece', 'device'],
    ['DEVICE', 'device'],
    ['route', 'routes'],
    ['ruels', 'rules'],
    ['neighbours', 'neighbors'],
    ['dynamicAdresses', 'dynamicAddresses'],
    ['bridge', undefined],
    ['x', undefined],
    ['', undefined],
  ])('of %s', (typed, meant) => expect(nearest(typed, words)).toBe(meant))

  it('of a very long text is none, and soon', () => {
    expect(nearest(`device${'x'.repeat(1_000_000)}`, words)).toBe(undefined)
  })
})
