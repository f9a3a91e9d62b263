import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { describe, expect, it } from 'vitest'
import { SUBCOMMANDS } from '../../src/commands/line/subcommands.js'
import { bashCompletion } from '../../tools/share/bash.js'
import { fishCompletion } from '../../tools/share/fish.js'
import { optionsOf } from '../../tools/share/line.js'
import { manual } from '../../tools/share/manual.js'
import { zshCompletion } from '../../tools/share/zsh.js'

const BASH = bashCompletion(SUBCOMMANDS)
const FISH = fishCompletion(SUBCOMMANDS)
const ZSH = zshCompletion(SUBCOMMANDS)
const MANUAL = manual(SUBCOMMANDS, '1.2.3')

/** The part of a text from one pattern to the next. */
const part = (text: string, from: RegExp, to: RegExp) => {
  const [, rest = ''] = text.split(from, 2)
  return rest.split(to, 1)[0] ?? ''
}

/** What the completion answers with the cursor on the last word: words, or how paths are found. */
function completed(...words: string[]): string[] {
  const script = `${BASH}
    compopt() { COMPREPLY=("paths: $2"); }
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _host_device_l3
    printf '%s\\n' "\${COMPREPLY[@]}"`
  const input = ['-c', script, 'bash', 'host-device-l3', ...words]
  const { stdout, stderr } = spawnSync('bash', input, { encoding: 'utf8' })
  expect(stderr).toBe('')
  return stdout.split('\n').filter((line) => line !== '')
}

/** Runs a checker of a language on a file with the text, and answers what it complains of. */
function complaints(text: string, program: string, ...words: string[]): string {
  const directory = mkdtempSync(`${tmpdir()}/hdl3-share-`)
  try {
    writeFileSync(`${directory}/text`, text)
    const input = [...words, `${directory}/text`]
    const { status, stdout, stderr } = spawnSync(program, input, { encoding: 'utf8' })
    return status === 0 ? stderr : `${status} ${stdout}${stderr}`
  } finally {
    rmSync(directory, { recursive: true })
  }
}

const has = (program: string) =>
  (process.env.PATH ?? '').split(':').some((directory) => existsSync(`${directory}/${program}`))

describe.each(SUBCOMMANDS)('of $name', (command) => {
  const { name, summary } = command
  const options = optionsOf(command)

  it('bash offers the name and every option', () => {
    expect(completed(name)).toContain(name)
    expect(completed(name, '-')).toEqual(options.map((option) => `--${option.name}`))
  })

  it('zsh has the name, what it is for, and every option with its help', () => {
    expect(ZSH).toContain(`'${name}:${summary.replaceAll("'", `'\\''`)}'`)
    const its = part(ZSH, new RegExp(`^ {4}${name}\\)$`, 'm'), /;;/)
    const pattern = /^ {8}'--([a-z-]+)(=?)\[(.+?)\](?::\w+:.+)?'(?: \\)?$/gm
    expect([...its.matchAll(pattern)].map(([, option, value]) => [option, value !== ''])).toEqual(
      options.map((option) => [option.name, option.value !== undefined]),
    )
  })

  it('fish has the name, what it is for, and every option with its help', () => {
    expect(FISH).toContain(`-n __fish_use_subcommand -a ${name} -d '${summary}'`)
    const pattern = new RegExp(
      `__fish_seen_subcommand_from ${name}' -l (\\S+)( -r)?(?: .+)? -d '.+'$`,
      'gm',
    )
    expect([...FISH.matchAll(pattern)].map(([, option, value]) => [option, !!value])).toEqual(
      options.map((option) => [option.name, option.value !== undefined]),
    )
  })

  it('the manual page has its description and every option', () => {
    const its = part(MANUAL, new RegExp(`^\\.SS "${name}"$`, 'm'), /^\.S[SH] /m)
    expect(its.replaceAll('\\-', '-')).toContain(command.description)
    expect([...its.matchAll(/^\.TP\n\.B (\S+)/gm)].map(([, tag]) => tag)).toEqual(
      options.map((option) => `\\-\\-${option.name.replaceAll('-', '\\-')}`),
    )
  })
})

describe('the completion for bash', () => {
  it('offers the commands first, and after help', () => {
    const names = SUBCOMMANDS.map(({ name }) => name)
    expect(completed('')).toEqual([...names, 'help', '--help', '--version'])
    expect(completed('help', '')).toEqual(names)
  })

  it.each([
    ['a file', ['validate', ''], 'default'],
    ['a file after an option', ['explain', '--config', ''], 'default'],
    ['a file after =', ['explain', 'eth1', '--config', '=', 'x'], 'default'],
    ['a file right after =', ['explain', 'eth1', '--config', '='], 'default'],
    ['a directory', ['list', '--state-dir', ''], 'dirnames'],
  ])('leaves %s to readline', (_, words, how) => {
    expect(completed(...words)).toEqual([`paths: ${how}`])
  })

  it('offers the devices of the host, and none of those that are lent', () => {
    expect(completed('explain', 'lo')).toContain('lo')
    expect(completed('explain', '')).toContain('lo')
    expect(completed('explain', 'lox')).not.toContain('lo')
    expect(completed('return', '')).toEqual([])
  })

  it('offers nothing where nothing is known, or the command is not', () => {
    expect(completed('keep', '--interface', '')).toEqual([])
    expect(completed('frobnicate', '-')).toEqual([])
    expect(completed('wait', '')).toEqual([])
  })
})

describe('what the languages say of it', () => {
  const odd = SUBCOMMANDS.map((command) => ({ ...command, summary: `it's \\ "odd": [so]` }))
  for (const [program, write] of [
    ['bash', bashCompletion],
    ['zsh', zshCompletion],
    ['fish', fishCompletion],
  ] as const)
    it.skipIf(!has(program))(`${program} has no complaint`, () => {
      expect(complaints(write(SUBCOMMANDS), program, '-n')).toBe('')
      expect(complaints(write(odd), program, '-n')).toBe('')
      expect(complaints(`${write(odd)}(`, program, '-n')).not.toBe('')
    })

  it('the manual page names the files that calls make', () => {
    const files = part(MANUAL, /^\.SH FILES$/m, /^\.SH /m).replaceAll('\\-', '-')
    for (const path of ['/var/lib/cni/host-device-l3', '/run/host-device-l3.turns'])
      expect(files).toContain(`\n.I ${path}\n`)
  })

  it.skipIf(!has('groff'))('groff has no complaint, also of a line with a dot first', () => {
    const page = manual(
      odd.map((command) => ({ ...command, description: ".so\n'odd…" })),
      '1',
    )
    for (const text of [MANUAL, page])
      expect(complaints(text, 'groff', '-man', '-Tascii', '-ww', '-z')).toBe('')
  })
})
