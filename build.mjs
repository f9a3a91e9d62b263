// Builds both artefacts from one source:
//   dist/host-device-l3.cjs  one file for Node 20 or later
//   dist/host-device-l3      the same as bytecode in one static executable; needs nothing
//   dist/share/              what is installed beside them
// With ARCH, the same for that machine, in dist/ARCH/.
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, resolve } from 'node:path'
import { build } from 'esbuild'
import { buildExecutable } from './tools/build-executable.mjs'
import { ARCH, C_OPTIONS, CC, filesInC, isForOther } from './tools/c-options.mjs'
import { codecPlugin } from './tools/codec-plugin.mjs'
import { compileKeeper } from './tools/compile-keeper.mjs'
import { compileSchemas } from './tools/compile-schemas.mjs'
import { librariesOf, packagesOf, tracedFiles } from './tools/components.mjs'
import { writeBuildInfo } from './tools/engine.mjs'
import { writeComponents } from './tools/write-components.mjs'

const require = createRequire(import.meta.url)

const DIST = isForOther ? `dist/${ARCH}` : 'dist'
/** Where the native addon and the keeper are. */
const NATIVE = isForOther ? `build/${ARCH}` : 'build'

/**
 * The native addon: a Node-API addon. The executable has the same C inside.
 * @returns the components of others that are in it
 */
function compileNativeAddon() {
  const trace = execFileSync(CC, [
    '-Wl,-t',
    ...[...C_OPTIONS, '-fPIC', '-shared', '-fvisibility=hidden'],
    `-I${require('node-api-headers').include_dir}`,
    ...['-o', `${NATIVE}/native-addon.node`],
    ...[...filesInC('src/kernel/native'), ...filesInC('src/kernel/native/functions')],
  ])
  return librariesOf(tracedFiles(trace.toString()))
}

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
  plugins: [
    codecPlugin,
    {
      name: 'native',
      setup: ({ onResolve }) =>
        onResolve({ filter: /\/build\/[^/]*\.(node|bin)$/ }, ({ path }) => ({
          path: resolve(NATIVE, basename(path)),
        })),
    },
  ],
}

/** @returns the npm packages that are in it */
async function bundle() {
  const outfile = `${DIST}/host-device-l3.cjs`
  const { metafile } = await build({
    ...bundleOptions,
    entryPoints: ['src/main.ts'],
    outfile,
    metafile: true,
    banner: { js: '#!/usr/bin/env node' },
  })
  chmodSync(outfile, 0o755)
  return packagesOf(metafile.outputs[outfile].inputs)
}

/** `node build.mjs bench`: the bench, for Node to run, what measures a program, and one to measure. */
async function bundleBench() {
  await build({
    ...bundleOptions,
    format: 'esm',
    // What is bundled requires modules of Node.
    banner: {
      js: `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)`,
    },
    entryPoints: ['bench/main.ts'],
    outfile: 'build/bench.mjs',
  })
  for (const name of ['measure', 'move'])
    execFileSync(CC, [...C_OPTIONS, '-static', '-o', `build/${name}`, `bench/${name}.c`])
}

/** Completions, the manual page and the JSON Schema, from what the help and the checks are made of. */
async function writeShare() {
  await build({
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    entryPoints: ['tools/share/main.ts'],
    outfile: 'build/share.mjs',
    plugins: [
      {
        name: 'no subcommand runs',
        setup: ({ onResolve }) =>
          onResolve({ filter: /./ }, ({ kind }) =>
            kind === 'dynamic-import' ? { path: 'none', external: true } : undefined,
          ),
      },
    ],
  })
  execFileSync(process.execPath, ['build/share.mjs', `${DIST}/share`])
}

for (const directory of [NATIVE, DIST]) mkdirSync(directory, { recursive: true })
const keeper = `${NATIVE}/keeper.bin`
const ofNativeAddon = compileNativeAddon()
const ofKeeper = compileKeeper(keeper)
await compileSchemas()
const executable = (outfile, entryPoint, options) =>
  buildExecutable(outfile, { entryPoint, keeper, ...options })
if (process.argv[2] === 'bench') await bundleBench()
else if (process.argv[2] === 'sanitized')
  await executable('build/host-device-l3-sanitized', 'src/main.ts', { sanitized: true })
else {
  const ofBundle = await bundle()
  const ofExecutable = await executable(`${DIST}/host-device-l3`, 'src/main.ts')
  await writeShare()
  writeBuildInfo(`${DIST}/build-info.json`)
  writeComponents(DIST, {
    'host-device-l3': [...ofExecutable, ...ofKeeper],
    'host-device-l3.cjs': [...ofBundle, ...ofNativeAddon, ...ofKeeper],
  })
  // For tests: what starts their processes, a test of the host itself, one of what a call loads, and
  // one of the bench.
  if (!isForOther) {
    execFileSync(CC, [
      ...[...C_OPTIONS, '-fPIC', '-shared', `-I${require('node-api-headers').include_dir}`],
      ...['-o', 'build/spawn.node', 'test/support/spawn.c'],
    ])
    await bundleBench()
    await executable('build/host-program', 'test/support/host-program.ts')
    await executable('build/host-device-l3-watched', 'src/main.ts', { watched: true })
  }
}
