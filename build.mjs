// Builds both artefacts from one source:
//   dist/host-device-l3.cjs  one file for Node 20 or later
//   dist/host-device-l3      the same as bytecode in one static executable; needs nothing
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { build } from 'esbuild'
import { buildExecutable, writeBuildInfo } from './tools/build-executable.mjs'
import { C_OPTIONS, CC, filesInC } from './tools/c-options.mjs'
import { compileSchemas } from './tools/compile-schemas.mjs'

const require = createRequire(import.meta.url)
const run = (command, args) =>
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] })

/** The native addon: a Node-API addon. The executable has the same C inside. */
function compileNativeAddon() {
  run(CC, [
    ...[...C_OPTIONS, '-fPIC', '-shared', '-fvisibility=hidden'],
    `-I${require('node-api-headers').include_dir}`,
    ...['-o', 'build/native-addon.node', ...filesInC('src/kernel/native')],
  ])
}

/**
 * Compiles a program that needs nothing on the host it runs on, with musl: with glibc it would
 * have twenty times the size. Musl has no headers of the kernel; the system's are linked.
 */
function compileStatic(program, sources) {
  const multiarch = execFileSync(CC, ['-print-multiarch'], { encoding: 'utf8' }).trim()
  mkdirSync('build/kernel-headers', { recursive: true })
  for (const name of ['linux', 'asm', 'asm-generic']) {
    rmSync(`build/kernel-headers/${name}`, { force: true })
    const specific = `/usr/include/${multiarch}/${name}`
    symlinkSync(
      existsSync(specific) ? specific : `/usr/include/${name}`,
      `build/kernel-headers/${name}`,
    )
  }
  run(process.env.MUSL_CC ?? 'musl-gcc', [
    ...[...C_OPTIONS, '-static', '-idirafter', 'build/kernel-headers'],
    ...['-o', program, ...sources],
  ])
}

/** The address keeper: a small program that the plugin leaves behind in a gVisor sandbox. */
const compileKeeper = () => compileStatic('build/keeper.bin', ['src/gvisor/keeper/keeper.c'])

/** `target` also decides how the addon's bytes are embedded: Node 20 knows no Uint8Array.fromBase64. */
const bundleOptions = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  minify: true,
  legalComments: 'none',
  loader: { '.node': 'binary', '.bin': 'binary' },
  alias: { os: './tools/endianness.mjs' },
  logLevel: 'warning',
}

async function bundle() {
  await build({
    ...bundleOptions,
    entryPoints: ['src/main.ts'],
    outfile: 'dist/host-device-l3.cjs',
    banner: { js: '#!/usr/bin/env node' },
  })
  chmodSync('dist/host-device-l3.cjs', 0o755)
}

/** `node build.mjs bench`: the bench, for Node to run. */
async function bundleBench() {
  await build({
    ...bundleOptions,
    entryPoints: ['bench/main.ts'],
    outfile: 'build/bench.cjs',
  })
}

mkdirSync('build', { recursive: true })
mkdirSync('dist', { recursive: true })
compileNativeAddon()
compileKeeper()
await compileSchemas()
if (process.argv[2] === 'bench') await bundleBench()
else if (process.argv[2] === 'sanitized')
  await buildExecutable('build/host-device-l3-sanitized', 'src/main.ts', { sanitized: true })
else {
  await bundle()
  await buildExecutable('dist/host-device-l3', 'src/main.ts')
  writeBuildInfo('dist/build-info.json')
  // For tests: of the host itself, and of what a call loads.
  await buildExecutable('build/host-program', 'test/support/host-program.ts')
  await buildExecutable('build/host-device-l3-watched', 'src/main.ts', { watched: true })
}
