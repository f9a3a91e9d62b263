import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { constants } from 'node:os'
import { basename } from 'node:path'
import { getSystemErrorMap } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { ARCH, BUILD_CC, C_OPTIONS, CC, filesInC, isForOther } from './c-options.mjs'
import { codecPlugin } from './codec-plugin.mjs'
import { librariesOf, packagesOf, tracedFiles } from './components.mjs'
import { hostPlugin } from './host-plugin.mjs'
import { muslCompiler } from './musl.mjs'

const ENGINE = 'build/quickjs/root/usr/src/quickjs-ng'
const QEMU_NAMES = { arm64: 'aarch64', x64: 'x86_64' }
/** For speed, and for size where little time is spent. An arm64 has a tenth more code. */
const ENGINE_SOURCES = {
  'quickjs.c': ARCH === 'arm64' ? '-Os' : '-O2',
  'libregexp.c': '-Os',
  'libunicode.c': '-Os',
  'dtoa.c': '-Os',
}

/**
 * What is loaded when the executable is built, with all that it imports: what a runtime's calls run
 * of an ordinary attachment. In memory it has four times the size of its bytecode: the keys of the
 * configuration, which are many small functions, are read at each call for that reason.
 */
const LOADED = [
  'src/commands/add.ts',
  'src/commands/add/move.ts',
  'src/commands/check.ts',
  'src/commands/del.ts',
  'src/phases.ts',
]

/** Enough for what is loaded; how much that is, is seen then. */
const MOST_HEAP_BYTES = 8 << 20

const ENGINE_OPTIONS = [
  ...['-std=gnu11', '-ffunction-sections', '-fdata-sections'],
  ...['-fno-pie', '-fstack-protector-strong', '-fno-asynchronous-unwind-tables'],
  // A tenth smaller, and 4 % more instructions.
  ...[
    '-falign-functions=1',
    '-falign-loops=1',
    '-falign-jumps=1',
    '-fno-ipa-cp-clone',
    '-fno-ipa-sra',
  ],
  ...['--param', 'max-inline-insns-single=20', '--param', 'max-inline-insns-auto=5'],
  ...['--param', 'large-function-growth=20'],
]
const RELEASE_OPTIONS = [
  ...[...C_OPTIONS, '-ffunction-sections', '-fdata-sections'],
  ...['-Wl,--gc-sections', '-static'],
]
/** The sanitizers end the process at the first error. */
const SANITIZERS = [
  ...['-std=gnu11', '-O1', '-g1', '-fno-pie'],
  ...['-fsanitize=address,undefined', '-fno-sanitize-recover=all'],
]

const run = (command, args, options) =>
  execFileSync(command, args, { stdio: ['pipe', 'pipe', 'inherit'], ...options })

/**
 * Builds an executable: QuickJS-ng as Debian publishes it, the host of src/executable/, and the
 * program's modules: those of `LOADED` as they are in memory once they are loaded (snapshot.c), the
 * others as bytecode.
 * @param keeper the address keeper, a program
 * @param sanitized for tests: the engine and the host find their own memory errors; it loads its
 *   modules itself
 * @param watched for tests: it notes the modules that it reads
 * @returns the components of others that are in it, but for the keeper's
 */
export async function buildExecutable(
  outfile,
  { entryPoint, keeper, sanitized = false, watched = false },
) {
  fetchEngine()
  const directory = `build/executable/${outfile.replaceAll('/', '-')}`
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory, { recursive: true })
  run(BUILD_CC, [
    ...['-std=gnu11', '-O1', '-no-pie', '-D_GNU_SOURCE', `-I${ENGINE}`],
    ...['-o', 'build/executable/compile', 'src/executable/compile.c'],
    ...[...compileEngine(BUILD_CC, [], 'build-'), '-lm', '-lpthread'],
  ])
  const outputs = await bundleModules(entryPoint, `${directory}/modules`)
  const loaded = sanitized ? [] : loadedModules(outputs)
  writeFileSync(`${directory}/loaded.json`, JSON.stringify(loaded))
  writeProgram(directory, keeper, loaded)
  writeLoaded(directory, outputs)
  writeNames(directory)
  const [compiler, options] = sanitized ? [CC, SANITIZERS] : muslCompiler()
  const variant = sanitized ? 'sanitized-' : `${ARCH}-`
  const engineOptions = sanitized ? SANITIZERS : options
  const engine = compileEngine(compiler, engineOptions, variant)
  const link = (more) =>
    run(compiler, [
      '-Wl,-t',
      ...(sanitized ? SANITIZERS : [...RELEASE_OPTIONS, ...options]),
      ...['-no-pie', `-isystem${ENGINE}`, `-I${directory}`, '-o', outfile, ...more],
      ...filesInC('src/executable', ['compile.c']),
      ...(watched ? ['-Wl,--wrap=JS_ReadObject', 'test/support/watched-modules.c'] : []),
      // The kernel part is the same C as in the native addon, without its binding.
      ...filesInC('src/kernel/native', ['napi.c']),
      ...[`${directory}/program.S`, ...engine],
      ...['-lm', '-lpthread'],
    ])
  const trace = sanitized ? link([]) : linkWithSnapshot(link, outfile, directory)
  const packages = Object.values(outputs).flatMap(({ inputs }) => packagesOf(inputs))
  return [
    ...new Map(packages.map((one) => [one.purl, one])).values(),
    ...librariesOf([...tracedFiles(trace.toString()), `${ENGINE}/quickjs.c`]),
  ]
}

/**
 * Links a program, lets it load its modules, and puts what it has in memory then into its file.
 * It is linked twice: first to learn how large its heap is.
 */
function linkWithSnapshot(link, outfile, directory) {
  const linkWith = (bytes) => link([`-DHEAP_BYTES=${bytes}`, '-Wl,--wrap=gettimeofday'])
  const options = { input: readFileSync(`${directory}/loaded.bytes`), maxBuffer: 64 << 20 }
  const start = () =>
    isForOther
      ? run(`qemu-${QEMU_NAMES[ARCH]}-static`, [outfile], options)
      : run(outfile, [], options)
  linkWith(MOST_HEAP_BYTES)
  const taken = Number(start().readBigUInt64LE())
  const trace = linkWith(Math.ceil(taken / 4096) * 4096)
  writeFileSync(`${directory}/snapshot`, start().subarray(8))
  const objcopy = run(CC, ['-print-prog-name=objcopy'], { encoding: 'utf8' }).trim()
  run(objcopy, ['--update-section', `snapshot=${directory}/snapshot`, outfile])
  return trace
}

function fetchEngine() {
  run('tools/fetch-debian-package.sh', ['sid', 'qjs-src', 'build/quickjs'])
}

/** Such as 0.17.0. */
export function engineVersion() {
  const header = readFileSync(`${ENGINE}/quickjs.h`, 'utf8')
  const part = (name) => header.match(new RegExp(`define QJS_VERSION_${name} (\\S+)`))?.[1]
  return ['MAJOR', 'MINOR', 'PATCH'].map(part).join('.')
}

/** What an artefact was built from: the engine is the part that has a history of its own. */
export function writeBuildInfo(path) {
  const changelog = `${ENGINE}/../../share/doc/qjs-src/changelog.Debian.gz`
  const [, debian] =
    gunzipSync(readFileSync(changelog))
      .toString()
      .match(/\((.*?)\)/) ?? []
  const information = {
    version: JSON.parse(readFileSync('package.json', 'utf8')).version,
    engine: `QuickJS-ng ${engineVersion()}`,
    source: `qjs-src ${debian}`,
    compiler: run(CC, ['--version'], { encoding: 'utf8' }).split('\n')[0],
  }
  writeFileSync(path, `${JSON.stringify(information, undefined, 2)}\n`)
}

/**
 * It takes half a minute, and changes only with its package.
 * @returns the object files
 */
function compileEngine(compiler, options, prefix) {
  return Object.entries(ENGINE_SOURCES).map(([name, level]) => {
    const [source, object] = [`${ENGINE}/${name}`, `build/executable/${prefix}${name}.o`]
    const isNew = existsSync(object) && statSync(object).mtimeMs > statSync(source).ctimeMs
    if (!isNew)
      run(compiler, [
        level,
        ...ENGINE_OPTIONS,
        '-D_GNU_SOURCE',
        ...options,
        '-c',
        '-o',
        object,
        source,
      ])
    return object
  })
}

/** A file for each group of source files that are loaded together; OUTDIR.json has which these are. */
async function bundleModules(entryPoint, outdir) {
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
function loadedModules(outputs) {
  const loaded = new Set()
  const add = (path) => {
    if (loaded.has(path) || !outputs[path]) return
    loaded.add(path)
    for (const { path: imported, kind } of outputs[path].imports)
      if (kind === 'import-statement') add(imported)
  }
  for (const [path, { entryPoint }] of Object.entries(outputs))
    if (basename(path) === 'main.js' || LOADED.includes(entryPoint)) add(path)
  return [...loaded].map((path) => basename(path))
}

/**
 * Compiles each module, and writes what modules.c and the linker have to know of them.
 * @param loaded the names of those that the snapshot has
 */
function writeProgram(directory, keeper, loaded) {
  const all = readdirSync(`${directory}/modules`).map((name) => ({
    name,
    bytes: run('build/executable/compile', [name], {
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
  const parts = all.filter(({ name }) => !loaded.includes(name))
  let start = 0
  const lines = parts.map(({ name, bytes }) => {
    const line = `{"${name}", ${start}, ${bytes.length}},`
    start += bytes.length
    return line
  })
  writeFileSync(`${directory}/program.bytes`, Buffer.concat(parts.map(({ bytes }) => bytes)))
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

/** The names of the modules that are loaded when the executable is built. */
function writeLoaded(directory, outputs) {
  const names = Object.entries(outputs)
    .filter(([, { entryPoint }]) => LOADED.includes(entryPoint))
    .map(([path]) => `"${basename(path)}",`)
  writeFileSync(`${directory}/loaded.inc`, `${names.join('\n')}\n`)
}

/** The names and words of errors, and the names of signals, as the Node that builds has them. */
function writeNames(directory) {
  const errors = getSystemErrorMap()
  const words = (number) => errors.get(-number)?.[1] ?? 'unknown error'
  const lines = Object.entries(constants.errno)
    .map(([name, number]) => `{${number}, "${name}", "${words(number)}"},`)
    .join('\n')
  writeFileSync(`${directory}/errors.inc`, `${lines}\n`)
  run(BUILD_CC, ['-o', 'build/executable/error-texts', 'tools/error-texts.c'])
  writeFileSync(`${directory}/error-texts.inc`, run('build/executable/error-texts', []))
  const signals = Object.entries(constants.signals).reverse()
  const names = new Map(signals.map(([name, number]) => [number, name]))
  const entries = [...names].map(([number, name]) => `[${number}] = "${name}",`)
  writeFileSync(`${directory}/signals.inc`, `${entries.join('\n')}\n`)
}
