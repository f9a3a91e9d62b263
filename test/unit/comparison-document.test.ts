import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { comparisonDocument, partsOf, type Tried } from '../support/vm/comparison/document.js'

const page = readFileSync(new URL('../../docs/comparison.md', import.meta.url), 'utf8')

/** What the page says of those that were tried. */
function triedOf(page: string): Tried[] {
  const { columns, rows } = partsOf(page)
  const versions = /^Tried were (.*)\.$/m.exec(page)?.[1]?.split(', ') ?? []
  return columns.flatMap((name, n) => {
    const cells = [...rows].map(([demand, cells]) => [demand, cells[n] ?? ''] as const)
    const tried = cells.filter(([, cell]) => cell.endsWith(' (tried)'))
    if (tried.length === 0) return []
    const version = versions.find((one) => one.startsWith(`${name} `))?.slice(name.length + 1)
    const outcomes = tried.map(([demand, cell]) => [demand, cell.replace(' (tried)', '')] as const)
    return [{ name, version: version ?? '', outcomes: new Map(outcomes) }]
  })
}

describe('the page of who carries what', () => {
  it('is as it was where the same was found', () => {
    const tried = triedOf(page)
    expect(tried.map(({ name }) => name)).toEqual(['runc', 'crun', '`host-device`', 'this plugin'])
    expect(comparisonDocument(page, tried)).toBe(page)
  })

  it('has what was found, and all that was not tried as it was', () => {
    const [runc] = triedOf(page)
    const outcomes = new Map(runc?.outcomes).set('permanent neighbours are kept', 'sometimes')
    const found = comparisonDocument(page, [{ name: 'runc', version: '9.9', outcomes }])
    expect(found).toContain('Tried were runc 9.9.')
    expect(found).toContain(
      '| permanent neighbours are kept | sometimes (tried) | no (tried) | yes (read) |',
    )
    expect(found.split('\n')).toHaveLength(page.split('\n').length)
  })

  it('has a row for a new demand, and none for one that is not tried any more', () => {
    const tried = [{ name: 'crun', version: '', outcomes: new Map([['a new one', 'yes']]) }]
    const { rows } = partsOf(comparisonDocument(page, tried))
    expect([...rows]).toEqual([['a new one', ['?', 'yes (tried)', '?', '?', '?', '?']]])
  })
})
