import type { Reporter, TestModule } from 'vitest/node'

/** Ends a run with one line that says it all, for whoever reads only the last. */
export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 }
    for (const module of modules) {
      for (const test of module.children.allTests()) count[test.result().state]++
      // A file that could not even be loaded has no tests that could fail.
      if (module.errors().length > 0) count.failed++
    }
    const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : ''
    // After the summary of the default reporter, which is printed in the same turn.
    setImmediate(() => console.log(`${count.passed} passed, ${count.failed} failed${skipped}`))
  }
}
