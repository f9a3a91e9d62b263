import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

/** What is another one in the executable: here, and nowhere else, it differs from the bundle. */
const REPLACEMENTS = [
  [/\/native-addon\.js$/, 'src/executable/native-addon.ts'],
  [/\/child-process\.js$/, 'src/executable/child-process.ts'],
]

/** Bundles for the host of src/executable/, which knows the modules `node:…` and `host:…`. */
export const hostPlugin = (engineVersion) => ({
  name: 'host',
  setup({ onResolve, onLoad }) {
    for (const [filter, path] of REPLACEMENTS)
      onResolve({ filter }, ({ importer }) =>
        importer.includes('/src/executable/') ? undefined : { path: resolve(path) },
      )
    onResolve({ filter: /^(node|host):/ }, ({ path }) => ({ path, external: true }))
    onLoad({ filter: /\/keeper\.bin$/ }, () => ({
      contents: `import { keeperProgram } from 'host:keeper'; export default keeperProgram()`,
    }))
    onLoad({ filter: /\/package\.json$/ }, ({ path }) => {
      const { version } = JSON.parse(readFileSync(path, 'utf8'))
      return { contents: `export const version = '${version} (QuickJS-ng ${engineVersion})'` }
    })
  },
})
