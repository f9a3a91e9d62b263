// Builds both artefacts from one source:
//   dist/host-device-l3.cjs  one file for Node 20 or later
//   dist/host-device-l3      the same, compiled with Bun; needs no Node
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { arch } from 'node:process'
import { build } from 'esbuild'
import { compileSchemas } from './tools/compile-schemas.mjs'
import { packagesAsTextPlugin } from './tools/packages-as-text-plugin.mjs'

const require = createRequire(import.meta.url)
const run = (command, args) =>
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] })

function filesInC(directory) {
  const names = readdirSync(directory)
    .filter((name) => name.endsWith('.c'))
    .sort()
  return names.map((name) => `${directory}/${name}`)
}

/** The kernel door: a Node-API addon, which Node and Bun both load. */
function compileDoor() {
  run(process.env.CC ?? 'cc', [
    ...['-std=gnu11', '-Os', '-Wall', '-Wextra', '-Werror'],
    ...['-fPIC', '-shared', '-fvisibility=hidden', '-s'],
    // It is loaded at every start: fewer segments are fewer mappings and page faults.
    ...['-fno-asynchronous-unwind-tables', '-Wl,-z,noseparate-code', '-Wl,--build-id=none'],
    `-I${require('node-api-headers').include_dir}`,
    ...['-o', 'build/door.node', ...filesInC('src/kernel/native')],
  ])
}

/** The address keeper: a small program that the plugin leaves behind in a gVisor sandbox. */
function compileKeeper() {
  run(process.env.CC ?? 'cc', [
    ...['-std=gnu11', '-Os', '-Wall', '-Wextra', '-Werror', '-s'],
    ...['-fno-asynchronous-unwind-tables', '-Wl,-z,noseparate-code', '-Wl,--build-id=none'],
    ...['-o', 'build/keeper.bin', ...filesInC('src/sandbox-runtime/keeper')],
  ])
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
  logLevel: 'warning',
}

async function bundle() {
  await build({
    ...bundleOptions,
    plugins: [packagesAsTextPlugin({ execa: ['execa'] })],
    entryPoints: ['src/main.ts'],
    outfile: 'dist/host-device-l3.cjs',
    banner: { js: '#!/usr/bin/env node' },
  })
  chmodSync('dist/host-device-l3.cjs', 0o755)
}

/** Without the two last options the executable would read .env and bunfig.toml where it is started. */
function compileWithBun() {
  const bun = require.resolve(`@oven/bun-linux-${arch === 'arm64' ? 'aarch64' : arch}/bin/bun`)
  run(bun, [
    ...['build', '--compile', '--bytecode', '--minify', 'dist/host-device-l3.cjs'],
    ...['--outfile', 'dist/host-device-l3'],
    ...['--no-compile-autoload-dotenv', '--no-compile-autoload-bunfig'],
  ])
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
compileDoor()
compileKeeper()
await compileSchemas()
if (process.argv[2] === 'bench') await bundleBench()
else {
  await bundle()
  compileWithBun()
}
