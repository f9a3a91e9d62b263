import { defineConfig } from 'vitest/config'
import { common, embeddedPrograms } from './vitest.config.js'

/** `make test-unit`: pure functions, and what else needs neither root nor a built artefact. */
export default defineConfig({
  plugins: [embeddedPrograms],
  test: { ...common, include: ['test/unit/**/*.test.ts'], isolate: false, maxWorkers: '100%' },
})
