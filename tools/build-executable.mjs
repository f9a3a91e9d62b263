import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { getSystemErrorMap } from 'node:util'
import { ARCH, BUILD_CC, C_OPTIONS, CC, filesInC, isForOther } from './c-options.mjs'
import { librariesOf, packagesOf, tracedFiles } from './components.mjs'
import { compileEngine, ENGINE, fetchEngine } from './engine.mjs'
import { bundleModules, loadedModules, writeLoaded, writeProgram } from './modules.mjs'
import { muslCompiler } from './musl.mjs'

const QEMU_NAMES = { arm64: 'aarch64', x64: 'x86_64' }

/** Enough for what is loaded; how much that is, is seen then. */
const MOST_HEAP_BYTES = 8 << 20

const RELEASE_OPTIONS = [
  ...[...C_OPTIONS, '-ffunction-sections', '-fdata-sections'],
  // Nothing of musl protects these pages in a static program: they would only be filled up.
  ...['-Wl,--gc-sections', '-static', '-Wl,-z,norelro'],
]
/** Functions of the engine in place of which those of unicode.c are called. */
const ABSENT = ['unicode_normalize', 'unicode_script', 'unicode_sequence_prop']

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
  compileCompiler()
  const outputs = await bundleModules(entryPoint, `${directory}/modules`)
  const loaded = sanitized ? [] : loadedModules(outputs)
  writeFileSync(`${directory}/loaded.json`, JSON.stringify(loaded))
  writeProgram(directory, keeper, loaded)
  writeLoaded(directory, outputs)
  writeNames(directory)
  const [compiler, options] = sanitized ? [CC, SANITIZERS] : muslCompiler()
  const variant = sanitized ? 'sanitized-' : `${ARCH}-`
  const engine = compileEngine(compiler, options, variant)
  const link = (more) =>
    run(compiler, [
      '-Wl,-t',
      ...[...(sanitized ? [] : RELEASE_OPTIONS), ...options],
      ...['-no-pie', `-isystem${ENGINE}`, `-I${directory}`, '-o', outfile, ...more],
      ...filesInC('src/executable', ['compile.c']),
      ...(watched ? ['-Wl,--wrap=JS_ReadObject', 'test/support/watched-modules.c'] : []),
      // The kernel part is the same C as in the native addon, but for what is for Node.
      ...filesInC('src/kernel/native', ['napi.c']),
      ...filesInC('src/kernel/native/functions'),
      ...[`${directory}/program.S`, ...engine, ...ABSENT.map((name) => `-Wl,--wrap=${name}`)],
      ...['-lm', '-lpthread'],
    ])
  const trace = sanitized ? link([]) : linkWithSnapshot(link, outfile, directory)
  const packages = Object.values(outputs).flatMap(({ inputs }) => packagesOf(inputs))
  return [
    ...new Map(packages.map((one) => [one.purl, one])).values(),
    ...librariesOf([...tracedFiles(trace.toString()), `${ENGINE}/quickjs.c`]),
  ]
}

/** The program that compiles modules, for the machine that builds: with the same engine, if it can be. */
function compileCompiler() {
  const [compiler, options] = isForOther ? [BUILD_CC, []] : muslCompiler()
  const engine = compileEngine(compiler, options, isForOther ? 'build-' : `${ARCH}-`)
  run(compiler, [
    ...['-std=gnu11', '-O1', '-no-pie', '-D_GNU_SOURCE', `-I${ENGINE}`, ...options],
    ...['-static', '-o', 'build/executable/compile', 'src/executable/compile.c'],
    ...[...engine, '-lm', '-lpthread'],
  ])
}

/**
 * Links a program, lets it load its modules, and puts what it has in memory then into its file.
 * It is linked twice: first to learn how large its heap is.
 */
function linkWithSnapshot(link, outfile, directory) {
  const script = '-Wl,-T,src/executable/snapshot.ld'
  const linkWith = (bytes) => link([`-DHEAP_BYTES=${bytes}`, '-Wl,--wrap=gettimeofday', script])
  const options = { input: readFileSync(`${directory}/loaded.bytes`), maxBuffer: 64 << 20 }
  const words = isForOther ? [`qemu-${QEMU_NAMES[ARCH]}-static`, outfile] : [outfile]
  const start = () => run(words[0], words.slice(1), options)
  linkWith(MOST_HEAP_BYTES)
  const taken = Number(start().readBigUInt64LE())
  const trace = linkWith(Math.ceil(taken / 4096) * 4096)
  writeFileSync(`${directory}/snapshot`, start().subarray(8))
  const objcopy = run(CC, ['-print-prog-name=objcopy'], { encoding: 'utf8' }).trim()
  run(objcopy, ['--update-section', `snapshot=${directory}/snapshot`, outfile])
  return trace
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
