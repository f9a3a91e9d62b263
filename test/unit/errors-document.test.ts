import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { ErrorCode } from '../../src/cni/error.js'
import { messagesOf } from '../support/messages.js'
import { Syntax } from '../support/syntax.js'

const PAGE = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')
const SOURCE = new URL('../../src/', import.meta.url)
const MESSAGES = messagesOf(new Syntax(fileURLToPath(SOURCE)))

/** The first cells of the rows of tables with this heading. */
const firstCells = (heading: string) => {
  const [, rest = ''] = PAGE.split(`| ${heading} |`, 2)
  const [table = ''] = rest.split('\n\n', 1)
  return [...table.matchAll(/^\| ([^-][^|]*) \|/gm)].map(([, cell = '']) => cell)
}

/** The messages with which the source refuses a device. */
const REFUSALS = readdirSync(SOURCE, { recursive: true })
  .map(String)
  .filter((file) => file.endsWith('.ts'))
  .flatMap((file) => {
    const text = readFileSync(new URL(file, SOURCE), 'utf8')
    return [...text.matchAll(/Failure\(\s*'device-refused',\s*(['`])(.*?)\1,?\s/gs)]
  })
  .map(([, , message = '']) => message)

/** What such a message has in it, and the start of the row of docs/errors.md about it. */
const REASONS = [
  ['a loopback device of its own', 'it is a loopback device'],
  ['on the host depends on it', 'another device depends on it'],
  [', and depends on it', 'a vxlan depends on it'],
  ['it has $', 'it has XDP or tc programs of others'],
  ['netns immutable', 'the kernel does not move it'],
  ['would take other devices along', 'its radio has other devices'],
  ['so the host has no network device for it', 'it is a PCI device that is bound to a userspace'],
  ['takes a name with % for a template', 'its name in the sandbox contains `%`'],
  ['the settings of devices', 'its name in the sandbox is `all` or `default`'],
  ['an ipvlan device in mode l3s', '`gvisor` is set and it is an ipvlan device in mode l3s'],
  ['routes of the host lead through it', '`repair` would lend it again'],
] as const

describe('docs/errors.md', () => {
  it('has every code once, and no other, in order', () => {
    expect(firstCells('code').map(Number)).toEqual(Object.values(ErrorCode))
  })

  it('has a row for every reason to refuse a device, and no other', () => {
    const rows = firstCells('reason')
    expect(rows).toHaveLength(REASONS.length)
    for (const [, start] of REASONS)
      expect(rows.filter((row) => row.startsWith(start))).toHaveLength(1)
  })

  it('is about every message with which the source refuses a device', () => {
    const reasons = REASONS.map(([fragment]) => fragment)
    const found = REFUSALS.map((message) => reasons.find((reason) => message.includes(reason)))
    expect(found).not.toContain(undefined)
    expect(found.toSorted()).toEqual(reasons.toSorted())
  })

  it('is compared with each place that has such a message', () => {
    const uses = readdirSync(SOURCE, { recursive: true })
      .map(String)
      .filter((file) => file.endsWith('.ts') && !/^(failure|cni\/error)\.ts$/.test(file))
      .flatMap(
        (file) => readFileSync(new URL(file, SOURCE), 'utf8').match(/'device-refused'/g) ?? [],
      )
    expect(uses).toHaveLength(REFUSALS.length)
  })
})

describe.each(['error', 'warning', 'hint'] as const)('of each %s, docs/errors.md', (kind) => {
  const inSource = MESSAGES.filter((message) => message.kind === kind).map(({ text }) => text)
  const inDocument = rowsOf(kind).map(([first = '']) => first.replaceAll('`', ''))

  it('has a row, and no other', () => {
    expect(inDocument.toSorted()).toEqual(inSource.toSorted())
  })

  it('says the cause and what to do', () => {
    expect(rowsOf(kind).filter((cells) => cells.length !== 3 || cells.includes(''))).toEqual([])
  })
})

/** The cells of all tables whose first column has this heading. */
function rowsOf(heading: string): string[][] {
  const tables = PAGE.split(`\n| ${heading} |`).slice(1)
  return tables.flatMap((table) =>
    (table.split('\n\n', 1)[0] ?? '')
      .trim()
      .split('\n')
      .slice(2)
      .map((row) =>
        row
          .slice(1, -1)
          .split(' | ')
          .map((cell) => cell.trim()),
      ),
  )
}
