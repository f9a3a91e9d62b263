import { writeFileSync } from 'node:fs'
import { TypeCompiler } from '@sinclair/typebox/compiler'
import { build } from 'esbuild'

/**
 * Compiles the TypeBox schemas that a call checks something against to plain
 * code: `build/configuration-keys.js` and `build/check-*.js`.
 */
export async function compileSchemas() {
  const { ConfigurationSchema, AttachmentRecordSchema, GvisorRecordSchema } = await loadSchemas()
  const keys = Object.entries(ConfigurationSchema.properties).map(
    ([name, schema]) => `{
      name: ${JSON.stringify(name)},
      required: ${ConfigurationSchema.required.includes(name)},
      allowed: ${JSON.stringify(schema.description)},
      check: ${checkOf(schema)},
    }`,
  )
  writeFileSync('build/configuration-keys.js', `export const KEYS = [${keys.join(',')}]\n`)
  const checks = {
    'attachment-record': AttachmentRecordSchema,
    'gvisor-record': GvisorRecordSchema,
  }
  for (const [name, schema] of Object.entries(checks))
    writeFileSync(`build/check-${name}.js`, `export default ${checkOf(schema)}\n`)
}

/** The compiler writes the body of a function that returns the check. */
function checkOf(schema) {
  return `(() => { ${TypeCompiler.Code(schema)} })()`
}

async function loadSchemas() {
  await build({
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    outfile: 'build/schemas.mjs',
    stdin: {
      resolveDir: '.',
      contents: `
        export { ConfigurationSchema } from './src/cni/configuration-schema.ts'
        export { AttachmentRecordSchema } from './src/records/record-schema.ts'
        export { GvisorRecordSchema } from './src/gvisor/record-schema.ts'
      `,
    },
  })
  return import('../build/schemas.mjs')
}
