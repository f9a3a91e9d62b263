import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { ARCH, C_OPTIONS, CC, isForOther } from './c-options.mjs'
import { librariesOf, tracedFiles } from './components.mjs'

/**
 * Compiles the address keeper: a small program that the plugin leaves behind in a gVisor sandbox.
 * It needs nothing on the host it runs on. It is linked with musl: with glibc it would have twenty
 * times the size.
 * @returns the components of others that are in it
 */
export function compileKeeper(program) {
  const multiarch = execFileSync(CC, ['-print-multiarch'], { encoding: 'utf8' }).trim()
  const [compiler, options] = isForOther
    ? [CC, ['-specs', muslFor(multiarch)]]
    : [process.env.MUSL_CC ?? 'musl-gcc', []]
  const trace = execFileSync(compiler, [
    '-Wl,-t',
    ...[...C_OPTIONS, ...options, '-static', '-idirafter', kernelHeaders(multiarch)],
    ...['-o', program, 'src/gvisor/keeper/keeper.c'],
  ])
  return librariesOf(tracedFiles(trace.toString()))
}

/** Musl has no headers of the kernel; the system's are linked. */
function kernelHeaders(multiarch) {
  const directory = `build/kernel-headers/${multiarch}`
  mkdirSync(directory, { recursive: true })
  for (const name of ['linux', 'asm', 'asm-generic']) {
    const places = [`/usr/${multiarch}/include`, `/usr/include/${multiarch}`, '/usr/include']
    const place = places.find((one) => existsSync(`${one}/${name}`)) ?? '/usr/include'
    rmSync(`${directory}/${name}`, { force: true })
    symlinkSync(`${place}/${name}`, `${directory}/${name}`)
  }
  return directory
}

/** Musl for another machine, beside this one's packages: how its compiler is to be called. */
function muslFor(multiarch) {
  const directory = `build/musl-${ARCH}`
  const architecture = ARCH === 'x64' ? 'amd64' : ARCH
  const words = ['bookworm', `musl-dev:${architecture}`, directory]
  execFileSync('tools/fetch-debian-package.sh', words)
  const root = resolve(directory, 'root')
  const specs = `usr/lib/${multiarch.replace(/gnu$/, 'musl')}/musl-gcc.specs`
  const text = readFileSync(`${root}/${specs}`, 'utf8')
  writeFileSync(
    `${directory}/specs`,
    text.replaceAll(' /usr/', ` ${root}/usr/`).replaceAll('-L/usr/', `-L${root}/usr/`),
  )
  return `${directory}/specs`
}
