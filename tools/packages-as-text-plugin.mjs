import { build } from 'esbuild'

/**
 * Bundles a package as text, which is evaluated the first time that a module needs it.
 *
 * A runtime reads through all code of a bundle at every start, also what it never runs. Of
 * text it only looks for the end.
 * @param names what is imported from which package, such as `{ execa: ['execa'] }`
 */
export function packagesAsTextPlugin(names) {
  const filter = new RegExp(`^(${Object.keys(names).join('|')})$`)
  return {
    name: 'packages-as-text',
    setup({ onResolve, onLoad }) {
      onResolve({ filter }, ({ path }) => ({ path, namespace: 'text' }))
      onLoad({ filter, namespace: 'text' }, async ({ path }) => ({
        contents: moduleOf(await bundled(path), names[path]),
      }))
    },
  }
}

async function bundled(name) {
  const { outputFiles } = await build({
    ...{ stdin: { contents: `export * from '${name}'`, resolveDir: '.' }, bundle: true },
    ...{ platform: 'node', target: 'node20', format: 'cjs', minify: true, write: false },
    legalComments: 'none',
  })
  return outputFiles[0].text
}

function moduleOf(text, names) {
  return `
    const module = { exports: {} }
    new Function('module', 'require', ${JSON.stringify(text)})(module, require)
    export const { ${names.join(', ')} } = module.exports`
}
