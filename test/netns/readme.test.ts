import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { runSync } from '../support/run-sync.js'

const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
const SECTION = README.split(/^(?=## )/m).find((text) => text.startsWith('## By hand')) ?? ''

/** Commands to paste, and what the README says that they print. */
interface Step {
  commands: string
  printed: string
}

/** An indented block is what a reader pastes; one after "prints" is what that prints. */
function stepsIn(section: string): Step[] {
  const steps: Step[] = []
  for (const block of section.split(/\n\n(?=\S)/)) {
    const [words = '', ...rest] = block.split('\n\n    ')
    const text = rest.join('\n\n    ').replaceAll(/^ {4}/gm, '')
    if (words === 'prints' && steps.length > 0) Object.assign(steps.at(-1) ?? {}, { printed: text })
    else if (rest.length > 0) steps.push({ commands: text, printed: '' })
  }
  return steps
}

const STEPS = stepsIn(SECTION)
const END_OF_STEP = 'end of a step'

/** Nothing that the reader's commands make is seen outside. */
const NODE = `set -e
  mount -t tmpfs hdl3 /run
  mkdir -p /var/lib/cni && mount -t tmpfs hdl3 /var/lib/cni
  mount -t tmpfs hdl3 /mnt && mkdir /mnt/bin && cp "$1" /mnt/bin/host-device-l3
  ln -s "$PWD/cni-conf" /mnt/cni-conf
  PATH=$PATH:/mnt/bin
  cd /mnt`

/** A text without what differs in each run: indexes, times, and what the kernel makes meanwhile. */
function masked(text: string): string {
  return text
    .replaceAll(/@if\d+/g, '@ifINDEX')
    .replaceAll(/since \d{4}-\d\d-\d\d \d\d:\d\d UTC/g, 'since TIME')
    .replaceAll(/\d+ objects of the kernel's own/g, "N objects of the kernel's own")
    .replaceAll(/\s+$/gm, '')
}

describe.each(ARTEFACTS)('$artefact', ({ path }) => {
  it('does by hand what README.md says, and prints what it prints there', () => {
    const work = STEPS.flatMap(({ commands }) => [commands, `echo '${END_OF_STEP}'`])
    const script = [NODE, ...work, 'ip netns', 'ls /mnt'].join('\n')
    const { stdout } = runSync('unshare', [
      '--mount',
      'sh',
      '-c',
      `exec 2>&1\n${script}`,
      'sh',
      resolve(path),
    ])
    const printed = stdout.split(`${END_OF_STEP}\n`)
    const left = printed.pop()
    expect(printed.map(masked)).toEqual(STEPS.map((step) => masked(step.printed)))
    expect(left).toBe('bin\ncni-conf')
  })

  it('has in README.md what explain, ADD, list, return and DEL do', () => {
    const all = STEPS.map(({ commands }) => commands).join('\n')
    for (const word of ['explain', 'CNI_COMMAND=ADD', 'list', 'return', 'CNI_COMMAND=DEL'])
      expect(all).toContain(word)
    expect(STEPS.filter(({ printed }) => printed !== '').length).toBeGreaterThan(4)
  })
})
