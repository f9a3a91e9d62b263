import { existsSync } from 'node:fs'
import { expect, it } from 'vitest'
import { COMPILED } from '../support/artefacts.js'
import { lendAtOnce } from '../support/lend-at-once.js'
import { SmallContainer } from '../support/small-container.js'
import { Testbed } from '../support/testbed.js'

// What test/netns/small-container.test.ts shows with version 1, where the machine has that.
it('lends more devices at once than its memory is for, with control groups of version 2', async () => {
  expect(existsSync('/sys/fs/cgroup/cgroup.controllers')).toBe(true)
  using testbed = new Testbed()
  using container = new SmallContainer(testbed.host, 8)
  await lendAtOnce(testbed, COMPILED, 8, container.wrapper)
})
