import { writeFileSync } from 'node:fs'
import { OptionalKind, Type } from '@sinclair/typebox'
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
  writeFileSync(
    'build/configuration-keys.js',
    `${SHORTER}export const KEYS = [${keys.join(',')}]\n`,
  )
  const checks = {
    'attachment-record': AttachmentRecordSchema,
    'gvisor-record': GvisorRecordSchema,
  }
  for (const [name, schema] of Object.entries(checks))
    writeFileSync(`build/check-${name}.js`, `${SHORTER}export default ${checkOf(schema)}\n`)
}

/** The compiler writes the body of a function that returns the check. */
function checkOf(schema) {
  const parts = new Map()
  const whole = withReferences(schema, textsIn(schema), parts)
  const code = TypeCompiler.Code(whole, [...parts.values()])
    .replace(
      /\(typeof (\S+) === 'object' && \1 !== null && !Array\.isArray\(\1\)\)/g,
      'isObject($1)',
    )
    .replaceAll('Number.isInteger(', 'isInteger(')
  return `(() => { ${code} })()`
}

/** What checks say most often. */
const SHORTER = `const isObject = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const { isInteger } = Number
`

/** A smaller part is checked where it is. */
const FEWEST_CHARACTERS = 150

/**
 * The compiler writes the check of each part again wherever that part occurs. Here the parts that occur
 * often become references to one of them: the check of a record is a third of that size.
 * @param texts of all parts
 * @param parts is given those that are referred to
 */
function withReferences(schema, texts, parts) {
  return mapParts(schema, (part) => {
    const text = textOf(part)
    const isShared = texts.filter((one) => one === text).length > 1
    if (!isShared || text.length < FEWEST_CHARACTERS) return withReferences(part, texts, parts)
    if (!parts.has(text)) {
      const $id = `part${parts.size}`
      parts.set(text, { $id })
      const { [OptionalKind]: _, ...whole } = withReferences(part, texts, parts)
      parts.set(text, { ...whole, $id })
    }
    const reference = Type.Ref(parts.get(text).$id)
    return part[OptionalKind] ? Type.Optional(reference) : reference
  })
}

function textsIn(schema) {
  const texts = []
  mapParts(schema, (part) => {
    texts.push(textOf(part), ...textsIn(part))
    return part
  })
  return texts
}

/** What a schema checks: no description is part of it. */
function textOf(schema) {
  return JSON.stringify(schema, (key, value) => (key === 'description' ? undefined : value))
}

/** A schema with other parts: its properties, its items, its alternatives. */
function mapParts(schema, map) {
  const mapped = { ...schema }
  for (const key of ['properties', 'patternProperties'])
    if (schema[key])
      mapped[key] = Object.fromEntries(
        Object.entries(schema[key]).map(([name, part]) => [name, map(part)]),
      )
  if (schema.items && !Array.isArray(schema.items)) mapped.items = map(schema.items)
  if (schema.anyOf) mapped.anyOf = schema.anyOf.map(map)
  return mapped
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
