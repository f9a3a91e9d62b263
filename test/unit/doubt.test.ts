import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Doubt, type Unfound } from '../../src/device/doubt.js'

const NOTHING: Unfound = { siblings: 0, evades: false, obstacle: undefined }
const EVADES: Unfound = { ...NOTHING, evades: true }

describe('after searches that did not find a device', () => {
  let milliseconds = 0
  beforeEach(() => {
    milliseconds = 0
    vi.spyOn(process, 'uptime').mockImplementation(() => milliseconds / 1000)
  })
  afterEach(() => vi.restoreAllMocks())

  /** The verdict after searches of one kind, each of which took some time. */
  function verdictAfter(doubt: Doubt, searches: number, seen: Unfound, count: number, each = 0) {
    for (let n = 0; n < searches; n++) {
      milliseconds += each
      doubt.note(seen, count)
    }
    return doubt.verdict()
  }

  it('it is destroyed if three in a row agree with the count of the kernel', () => {
    const doubt = new Doubt(true)
    const seen = { ...NOTHING, siblings: 2 }
    expect(verdictAfter(doubt, 2, seen, 2)).toBe('search at once')
    expect(verdictAfter(doubt, 1, seen, 3)).toBe('search later')
    expect(verdictAfter(doubt, 2, seen, 2)).toBe('search at once')
    expect(verdictAfter(doubt, 1, seen, 1)).toBe('destroyed')
  })

  it.each([
    ['it got away', EVADES],
    ['not all could be searched', { ...NOTHING, obstacle: 'a namespace could not be opened' }],
  ])('it is not, whatever the count is, if %s', (_, seen) => {
    expect(verdictAfter(new Doubt(true), 5, seen, 0)).toBe('search later')
  })

  it('a virtual one without a trace counts as destroyed, after a second and sixteen searches', () => {
    expect(verdictAfter(new Doubt(true), 15, NOTHING, 1, 100)).toBe('search later')
    expect(verdictAfter(new Doubt(true), 16, NOTHING, 1, 60)).toBe('search later')
    expect(verdictAfter(new Doubt(true), 16, NOTHING, 1, 70)).toBe('without a trace')
  })

  it('a virtual one that got away once counts as destroyed after five seconds', () => {
    const doubt = new Doubt(true)
    verdictAfter(doubt, 1, EVADES, 1)
    expect(verdictAfter(doubt, 49, NOTHING, 1, 100)).toBe('search later')
    expect(verdictAfter(doubt, 2, NOTHING, 1, 100)).toBe('without a trace')
  })

  it('it may exist if it has just got away', () => {
    const doubt = new Doubt(true)
    expect(verdictAfter(doubt, 51, EVADES, 1, 100)).toEqual({
      mayExist: 'it is being moved from one namespace to another',
    })
  })

  it('hardware may exist after five seconds, for its namespace may be hidden', () => {
    const doubt = new Doubt(false)
    expect(verdictAfter(doubt, 50, NOTHING, 1, 100)).toBe('search later')
    expect(verdictAfter(doubt, 1, NOTHING, 1, 100)).toEqual({
      mayExist: 'no process, thread, open file or mount is seen to lead to its namespace',
    })
  })

  it('it may be where the last search could not look', () => {
    const doubt = new Doubt(true)
    const obstacle = 'not every namespace could be searched: EACCES'
    expect(verdictAfter(doubt, 51, { ...EVADES, obstacle }, 1, 100)).toEqual({ mayExist: obstacle })
  })
})
