import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { COMPILED } from '../support/artefacts.js'
import { MANY_HUGE_PAGES, withMemory } from '../support/kernel-memory.js'
import { traceCalls } from '../support/strace.js'
import { Testbed } from '../support/testbed.js'

describe('dist/host-device-l3', () => {
  let testbed: Testbed
  beforeEach(() => {
    testbed = new Testbed()
  })
  afterEach(() => testbed[Symbol.dispose]())

  function takesHugePage(order: string | undefined, blocks: number[]): boolean {
    const wrapper = withMemory(order, blocks)
    const { exitCode, calls } = traceCalls(testbed, COMPILED, 'STATUS', 'madvise', { wrapper })
    expect(exitCode).toBe(0)
    return calls.some((call) => call.includes('MADV_HUGEPAGE'))
  }

  it.each([
    ['the hypervisor is told of no free pages', '-1'],
    ['that is how an older kernel says so', '11'],
    ['the kernel cannot tell it', undefined],
  ])('takes a huge page where there are many: %s', (_, order) => {
    expect(takesHugePage(order, MANY_HUGE_PAGES)).toBe(true)
  })

  it.each([
    ['the hypervisor takes free ones back', '9', MANY_HUGE_PAGES],
    ['or smaller ones, too', '0', MANY_HUGE_PAGES],
    ['few are free', '-1', [9000, 9000, 9000, 9000, 9000, 9000, 9000, 9000, 9000, 40, 23]],
  ])('takes none where %s', (_, order, blocks) => {
    expect(takesHugePage(order, blocks)).toBe(false)
  })
})
