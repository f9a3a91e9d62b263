import { readFileSync } from 'node:fs'
import { defineConfig, type ViteUserConfig } from 'vitest/config'
import LongestFirst from './test/support/longest-first.js'

/** What esbuild's binary loader does for the bundle. */
export const embeddedPrograms = {
  name: 'embedded-programs',
  load(id: string) {
    if (!/\.(node|bin)$/.test(id)) return undefined
    return `export default Buffer.from('${readFileSync(id).toString('base64')}', 'base64')`
  },
}

/** What all configurations share. */
export const common: NonNullable<ViteUserConfig['test']> = {
  pool: 'forks',
  setupFiles: ['./test/support/repeatable.ts'],
  testTimeout: 60_000,
  hookTimeout: 60_000,
  // Many files run beside each other: what is waited for may come late.
  expect: { poll: { timeout: 20_000 } },
  reporters: ['default', './test/support/closing-line-reporter.ts'],
}

const { reporters = [], ...each } = common

/**
 * @param isolate whether each file loads all that it imports anew, which takes a second: needed only
 *   where calls are read in the process of the tests, whose deadline and log would outlive the file
 */
function project(name: string, include: string[], isolate: boolean) {
  return { plugins: [embeddedPrograms], test: { ...each, name, include, isolate } }
}

/** `make test`: all but the tests that need a virtual machine; sweeps and soaks in short. */
export default defineConfig({
  test: {
    reporters,
    // More than there are processors: the tests mostly wait, for the kernel and for processes.
    // Each has network namespaces, a state directory and container ids of its own.
    maxWorkers: 6,
    sequence: { sequencer: LongestFirst },
    projects: [
      project('programs', ['test/{conformance,netns,clients,hostile}/**/*.test.ts'], false),
      project('fuzz', ['test/fuzz/**/*.test.ts'], true),
      project('unit', ['test/unit/**/*.test.ts'], false),
    ],
  },
})
