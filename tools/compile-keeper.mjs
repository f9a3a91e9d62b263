import { execFileSync } from 'node:child_process'
import { C_OPTIONS } from './c-options.mjs'
import { librariesOf, tracedFiles } from './components.mjs'
import { muslCompiler } from './musl.mjs'

/**
 * Compiles the address keeper: a small program that the plugin leaves behind in a gVisor sandbox.
 * @returns the components of others that are in it
 */
export function compileKeeper(program) {
  const [compiler, options] = muslCompiler()
  const trace = execFileSync(compiler, [
    '-Wl,-t',
    ...[...C_OPTIONS, ...options, '-static'],
    ...['-o', program, 'src/gvisor/keeper/keeper.c'],
  ])
  return librariesOf(tracedFiles(trace.toString()))
}
