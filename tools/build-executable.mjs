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
import { getSystemErrorMap } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { ARCH, BUILD_CC, C_OPTIONS, CC, filesInC, isForOther } from './c-options.mjs'
import { librariesOf, packagesOf, tracedFiles } from './components.mjs'
import { hostPlugin } from './host-plugin.mjs'

const ENGINE = 'build/quickjs/root/usr/src/quickjs-ng'
const ENGINE_SOURCES = ['quickjs.c', 'libregexp.c', 'libunicode.c', 'dtoa.c']

const ENGINE_OPTIONS = [
  ...['-std=gnu11', '-O2', '-ffunction-sections', '-fdata-sections'],
  ...['-fno-pie', '-fstack-protector-strong', '-fno-asynchronous-unwind-tables'],
]
const RELEASE_OPTIONS = [
  ...[...C_OPTIONS, '-O2', '-ffunction-sections', '-fdata-sections'],
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
 * Builds an executable: QuickJS-ng as Debian publishes it, the host of src/executable/, and
 * the program's modules as bytecode.
 *
 * It is linked with glibc, as a whole. With musl it would have half the size and start 0.05 ms
 * sooner, but its own words for errors and its own texts of addresses, where a message must be
 * the same from both artefacts, and 10 to 18 % more work with large tables.
 * @param keeper the address keeper, a program
 * @param sanitized for tests: the engine and the host find their own memory errors
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
  const variant = sanitized ? 'sanitized-' : isForOther ? `${ARCH}-` : ''
  compileEngine(BUILD_CC, '', ENGINE_OPTIONS)
  if (isForOther) compileEngine(CC, variant, ENGINE_OPTIONS)
  if (sanitized) compileEngine(CC, variant, SANITIZERS)
  run(BUILD_CC, [
    ...['-std=gnu11', '-O1', '-no-pie', '-D_GNU_SOURCE', `-I${ENGINE}`],
    ...['-o', 'build/executable/compile', 'src/executable/compile.c', ...engineObjects()],
    ...['-lm', '-lpthread'],
  ])
  const outputs = await bundleModules(entryPoint, `${directory}/modules`)
  writeProgram(directory, keeper)
  writeNames(directory)
  const trace = run(CC, [
    '-Wl,-t',
    ...(sanitized ? SANITIZERS : RELEASE_OPTIONS),
    ...['-no-pie', `-isystem${ENGINE}`, `-I${directory}`, '-o', outfile],
    ...filesInC('src/executable', ['compile.c']),
    ...(watched ? ['-Wl,--wrap=JS_ReadObject', 'test/support/watched-modules.c'] : []),
    // The kernel part is the same C as in the native addon, without its binding.
    ...filesInC('src/kernel/native', ['napi.c']),
    ...[`${directory}/program.S`, ...engineObjects(variant)],
    ...['-lm', '-lpthread'],
  ])
  const packages = Object.values(outputs).flatMap(({ inputs }) => packagesOf(inputs))
  return [
    ...new Map(packages.map((one) => [one.purl, one])).values(),
    ...librariesOf([...tracedFiles(trace.toString()), `${ENGINE}/quickjs.c`]),
  ]
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

const engineObjects = (prefix = '') =>
  ENGINE_SOURCES.map((name) => `build/executable/${prefix}${name}.o`)

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

/** It takes half a minute, and changes only with its package. */
function compileEngine(compiler, prefix, options) {
  for (const [n, object] of engineObjects(prefix).entries()) {
    const source = `${ENGINE}/${ENGINE_SOURCES[n]}`
    if (existsSync(object) && statSync(object).mtimeMs > statSync(source).ctimeMs) continue
    run(compiler, [...options, '-D_GNU_SOURCE', '-c', '-o', object, source])
  }
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
    plugins: [hostPlugin(engineVersion())],
    metafile: true,
  })
  const sources = Object.entries(metafile.outputs).map(([path, { inputs }]) => [
    path.replace(`${outdir}/`, ''),
    Object.keys(inputs).filter((input) => inputs[input].bytesInOutput > 0),
  ])
  writeFileSync(`${outdir}.json`, JSON.stringify(Object.fromEntries(sources)))
  return metafile.outputs
}

/** Compiles each module, and writes what modules.c and the linker have to know of them. */
function writeProgram(directory, keeper) {
  const parts = readdirSync(`${directory}/modules`).map((name) => ({
    name,
    bytes: run('build/executable/compile', [name], {
      input: readFileSync(`${directory}/modules/${name}`),
      maxBuffer: 16 << 20,
    }),
  }))
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

/** The names and words of errors, and the names of signals, as the Node that builds has them. */
function writeNames(directory) {
  const errors = getSystemErrorMap()
  const words = (number) => errors.get(-number)?.[1] ?? 'unknown error'
  const lines = Object.entries(constants.errno)
    .map(([name, number]) => `{${number}, "${name}", "${words(number)}"},`)
    .join('\n')
  writeFileSync(`${directory}/errors.inc`, `${lines}\n`)
  const signals = Object.entries(constants.signals).reverse()
  const names = new Map(signals.map(([name, number]) => [number, name]))
  const entries = [...names].map(([number, name]) => `[${number}] = "${name}",`)
  writeFileSync(`${directory}/signals.inc`, `${entries.join('\n')}\n`)
}
