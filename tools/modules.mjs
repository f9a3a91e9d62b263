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
  const others = all.filter(({ name }) => !loaded.includes(name))
  let start = 0
  const streams = groupsOf(others).map((group) => {
    const packed = pack(Buffer.concat(group.map(({ bytes }) => bytes)))
    const length = group.reduce((sum, { bytes }) => sum + bytes.length, 0)
    let offset = 0
    const lines = group.map(({ name, bytes }) => {
      const line = `{"${name}", ${start}, ${length}, ${offset}, ${bytes.length}},`
      offset += bytes.length
      return line
    })
    start += packed.length
    return { packed, lines }
  })
  const keeperBytes = readFileSync(keeper)
  writeFileSync(`${directory}/program.bytes`, Buffer.concat(streams.map(({ packed }) => packed)))
  writeFileSync(`${directory}/program.inc`, streams.flatMap(({ lines }) => lines).join('\n'))
  writeFileSync(`${directory}/keeper.bytes`, pack(keeperBytes))
  writeFileSync(
    `${directory}/program.S`,
    `.section .rodata
.global program_bytes, keeper_bytes, keeper_length
.balign 8
keeper_length: .quad ${keeperBytes.length}
program_bytes: .incbin "${directory}/program.bytes"
keeper_bytes: .incbin "${directory}/keeper.bytes"
.section .note.GNU-stack,"",%progbits
`,
  )
}

/** Bytes of modules that are compressed together: more are smaller, and take longer to load one of. */
const GROUP_BYTES = 32 << 10

/** Modules beside each other, in groups of `GROUP_BYTES` at most; a larger one is alone. */
function groupsOf(modules) {
  const groups = []
  let room = 0
  for (const one of modules) {
    if (one.bytes.length > room) {
      groups.push([])
      room = GROUP_BYTES
    }
    groups.at(-1).push(one)
    room -= one.bytes.length
  }
  return groups
}

/** Not by Node's zlib, which compresses differently on another processor. */
function pack(bytes) {
  return deflateSync(bytes, { level: 9 })
}

/** Writes the names of the modules of `LOADED`, which load the others. */
export function writeLoaded(directory, outputs) {
  const names = outputsOfLoaded(outputs).map((path) => `"${basename(path)}",`)
  writeFileSync(`${directory}/loaded.inc`, `${names.join('\n')}\n`)
}

function outputsOfLoaded(outputs) {
  return Object.keys(outputs).filter((path) => LOADED.includes(outputs[path].entryPoint))
}
