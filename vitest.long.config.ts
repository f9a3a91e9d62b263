import { defineConfig } from 'vitest/config'
import { common, embeddedPrograms } from './vitest.config.js'

const { reporters = [], ...each } = common

function project(name: string, groupOrder: number, include: string[]) {
  return {
    plugins: [embeddedPrograms],
    test: {
      ...each,
      name,
      include,
      env: { LONG: '1' },
      testTimeout: 600_000,
      sequence: { groupOrder },
    },
  }
}

/** `make test-long`: the sweeps and soaks of `make test` in full. */
export default defineConfig({
  test: {
    reporters,
    maxWorkers: 4,
    projects: [
      project('sweeps', 0, [
        'test/fuzz/*.test.ts',
        'test/netns/{contention,faults,fuzz,home-as-it-left,killed,lives,memory-limits,multus,random-states,turns}.test.ts',
      ]),
      // By itself: it measures the memory of the whole kernel.
      project('soak', 1, ['test/netns/soak.test.ts']),
    ],
  },
})
