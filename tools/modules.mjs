import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { build } from 'esbuild'
import { deflateSync } from 'fflate'
import { codecPlugin } from './codec-plugin.mjs'
import { engineVersion } from './engine.mjs'
import { hostPlugin } from './host-plugin.mjs'

/**
 * What is loaded when the executable is built, with all that it imports: what a runtime's calls run
 * of an ordinary attachment.
 */
const LOADED = [
  'src/cni/network.ts',
  'src/cni/result.ts',
  'src/commands/add.ts',
  'src/commands/add/move.ts',
  'src/commands/check.ts',
  'src/commands/del.ts',
  'src/commands/read-call.ts',
  'src/phases.ts',
]

/** A file for each group of source files that are loaded together; OUTDIR.json has which these are. */
export async function bundleModules(entryPoint, outdir) {
  const { metafile } = await build({
    ...{ bundle: true, splitting: true, minify: true, platform: 'neutral', format: 'esm' },
    ...{ target: 'esnext', legalComments: 'none', logLevel: 'warning', outdir },
    mainFields: ['module', 'main'],
    entryPoints: { main: entryPoint },
    chunkNames: '[name]-[hash]',
    alias: { os: './tools/endianness.mjs' },
    plugins: [codecPlugin, hostPlugin(engineVersion())],
    metafile: true,
  })
  const sources = Object.entries(metafile.outputs).map(([path, { inputs }]) => [
    path.replace(`${outdir}/`, ''),
    Object.keys(inputs).filter((input) => inputs[input].bytesInOutput > 0),
  ])
  writeFileSync(`${outdir}.json`, JSON.stringify(Object.fromEntries(sources)))
  return metafile.outputs
}

/** The modules that the snapshot has: the program's own, those of `LOADED`, and what they import. */
export function loadedModules(outputs) {
  const loaded = new Set()
  const add = (path) => {
    if (loaded.has(path) || !outputs[path]) return
    loaded.add(path)
    for (const { path: imported, kind } of outputs[path].imports)
      if (kind === 'import-statement') add(imported)
  }
  const main = Object.keys(outputs).filter((path) => basename(path) === 'main.js')
  for (const path of [...main, ...outputsOfLoaded(outputs)]) add(path)
  return [...loaded].map((path) => basename(path))
}

/**
 * Compiles each module, and writes what modules.c and the linker have to know of them.
 * @param loaded the names of those that the snapshot has
 */
export function writeProgram(directory, keeper, loaded) {
  const all = readdirSync(`${directory}/modules`).map((name) => ({
    name,
    bytes: execFileSync('build/executable/compile', [name], {
      input: readFileSync(`${directory}/modules/${name}`),
      maxBuffer: 16 << 20,
    }),
  }))
  const given = all.filter(({ name }) => loaded.includes(name))
  writeFileSync(
    `${directory}/loaded.bytes`,
    Buffer.concat(
      given.flatMap(({ name, bytes }) => {
        const length = Buffer.alloc(4)
        length.writeUInt32LE(bytes.length)
        return [Buffer.from(`${name}\0`), length, bytes]
      }),
    ),
  )
  // Not by Node's zlib, which compresses differently on another processor.
  const parts = all
    .filter(({ name }) => !loaded.includes(name))
    .map(({ name, bytes }) => ({ name, bytes, packed: deflateSync(bytes, { level: 9 }) }))
  let start = 0
  const lines = parts.map(({ name, bytes, packed }) => {
    const line = `{"${name}", ${start}, ${bytes.length}},`
    start += packed.length
    return line
  })
  writeFileSync(`${directory}/program.bytes`, Buffer.concat(parts.map(({ packed }) => packed)))
  writeFileSync(`${directory}/program.inc`, `${lines.join('\n')}\n`)
  writeFileSync(
    `${directory}/program.S`,
    `.section .rodata
.global program_bytes, keeper_bytes, keeper_bytes_end
program_bytes: .incbin "${directory}/program.bytes"
keeper_bytes: .incbin "${keeper}"
keeper_bytes_end:
.section .note.GNU-stack,"",%progbits
`,
  )
}

/** Writes the names of the modules of `LOADED`, which load the others. */
export function writeLoaded(directory, outputs) {
  const names = outputsOfLoaded(outputs).map((path) => `"${basename(path)}",`)
  writeFileSync(`${directory}/loaded.inc`, `${names.join('\n')}\n`)
}

function outputsOfLoaded(outputs) {
  return Object.keys(outputs).filter((path) => LOADED.includes(outputs[path].entryPoint))
}
