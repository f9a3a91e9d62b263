import { readFileSync } from 'node:fs'
import { defineConfig } from 'vitest/config'

/** What esbuild's binary loader does for the bundle. */
const embeddedPrograms = {
  name: 'embedded-programs',
  load(id: string) {
    if (!/\.(node|bin)$/.test(id)) return undefined
    return `export default Buffer.from('${readFileSync(id).toString('base64')}', 'base64')`
  },
}

export default defineConfig({
  plugins: [embeddedPrograms],
  test: {
    include: ['test/{unit,conformance,netns,clients}/**/*.test.ts'],
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['default', './test/support/closing-line-reporter.ts'],
  },
})
