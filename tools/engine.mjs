import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { ARCH, CC } from './c-options.mjs'

/** The source of QuickJS-ng, unmodified, from Debian's package. */
export const ENGINE = 'build/quickjs/root/usr/src/quickjs-ng'

const THIS_FILE = 'tools/engine.mjs'

/** For speed, and for size where little time is spent. An arm64 has a tenth more code. */
const ENGINE_SOURCES = {
  'quickjs.c': ARCH === 'arm64' ? '-Os' : '-O2',
  'libregexp.c': '-Os',
  'libunicode.c': '-Os',
  'dtoa.c': '-Os',
}

const ENGINE_OPTIONS = [
  ...['-std=gnu11', '-ffunction-sections', '-fdata-sections'],
  ...['-fno-pie', '-fstack-protector-strong'],
  // For arm64 the second option makes the file 64 KiB smaller, and the first one does nothing.
  ...['-fno-asynchronous-unwind-tables', '-fno-unwind-tables'],
  // A tenth smaller, and 4 % more instructions.
  ...[
    '-falign-functions=1',
    '-falign-loops=1',
    '-falign-jumps=1',
    '-fno-ipa-cp-clone',
    '-fno-ipa-sra',
  ],
  // 12 kB smaller, and no more instructions.
  '-freorder-blocks-algorithm=simple',
  // With 24 and 12 the file was 20 kB larger than with 16 and 8, and CHECK and DEL executed 6 % less; with less
  // than two thirds of 16 and 8 it was 65 kB smaller, and an ADD executed a tenth more.
  ...['--param', 'max-inline-insns-single=18', '--param', 'max-inline-insns-auto=9'],
  ...['--param', 'large-function-growth=40'],
]

export function fetchEngine() {
  execFileSync('tools/fetch-debian-package.sh', ['sid', 'qjs-src', 'build/quickjs'], {
    stdio: 'inherit',
  })
}

/**
 * Compiles the engine: it takes half a minute, and changes only with its package and this file.
 * @param prefix of the object files' names: one for each compiler and its options
 * @returns the object files
 */
export function compileEngine(compiler, options, prefix) {
  return Object.entries(ENGINE_SOURCES).map(([name, level]) => {
    const [source, object] = [`${ENGINE}/${name}`, `build/executable/${prefix}${name}.o`]
    const changed = Math.max(...[source, THIS_FILE].map((path) => statSync(path).ctimeMs))
    const isNew = existsSync(object) && statSync(object).mtimeMs > changed
    if (!isNew)
      execFileSync(compiler, [
        ...[level, ...ENGINE_OPTIONS, '-D_GNU_SOURCE', ...options],
        ...['-c', '-o', object, source],
      ])
    return object
  })
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
    compiler: execFileSync(CC, ['--version'], { encoding: 'utf8' }).split('\n')[0],
  }
  writeFileSync(path, `${JSON.stringify(information, undefined, 2)}\n`)
}
