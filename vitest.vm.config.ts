import { defineConfig } from 'vitest/config'

/** The tests that need a kernel and devices of their own; `make test-vm` starts them. */
export default defineConfig({
  test: {
    include: ['test/vm/**/*.test.ts'],
    // Emulated, everything takes long, a process for each file most of all.
    fileParallelism: false,
    isolate: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ['verbose', './test/support/closing-line-reporter.ts'],
  },
})
