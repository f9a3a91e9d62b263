import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { ARCH, CC, isForOther } from './c-options.mjs'

/**
 * How a program is compiled that needs nothing on the host it runs on: with musl. With glibc an
 * executable would have 600 kB more.
 * @returns the compiler, and the options that it needs
 */
export function muslCompiler() {
  const multiarch = execFileSync(CC, ['-print-multiarch'], { encoding: 'utf8' }).trim()
  const headers = ['-idirafter', kernelHeaders(multiarch)]
  return isForOther
    ? [CC, ['-specs', muslFor(multiarch), ...headers]]
    : [process.env.MUSL_CC ?? 'musl-gcc', headers]
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
