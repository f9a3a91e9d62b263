import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'

/** The C compiler for programs that the build itself runs. */
export const BUILD_CC = process.env.CC ?? 'cc'

const CROSS_COMPILERS = { arm64: 'aarch64-linux-gnu-gcc', x64: 'x86_64-linux-gnu-gcc' }

/** The machine that the artefacts are for, as Node names it. */
export const ARCH = process.env.ARCH || process.arch

/** Whether ARCH was given: what is built for it then has directories of its own. */
export const isForOther = Boolean(process.env.ARCH)

/** The C compiler for what the artefacts hold. */
export const CC = isForOther ? CROSS_COMPILERS[ARCH] : BUILD_CC
if (CC === undefined) throw new Error(`ARCH=${ARCH}: it must be arm64 or x64`)

/** How the project's own C is compiled: it runs as root, beside a pod that may be hostile. */
export const C_OPTIONS = [
  ...['-std=gnu11', '-Os', '-Wall', '-Wextra', '-Wconversion', '-Werror'],
  ...['-fstack-protector-strong', '-U_FORTIFY_SOURCE', `-D_FORTIFY_SOURCE=${fortifyLevel()}`],
  // Nothing here unwinds a stack.
  ...['-fno-asynchronous-unwind-tables', '-fno-unwind-tables'],
  // Fewer segments are fewer mappings and page faults at every start.
  ...['-Wl,-z,noseparate-code', '-Wl,--build-id=none'],
  ...['-Wl,-z,relro,-z,now', '-Wl,-z,noexecstack', '-s'],
]

/** 3 from GCC 12 and Clang 9 on: older ones check less. */
function fortifyLevel() {
  const macros = execFileSync(CC, ['-dM', '-E', '-x', 'c', '/dev/null'], { encoding: 'utf8' })
  const [, gcc] = macros.match(/__GNUC__ (\d+)/) ?? []
  const [, clang] = macros.match(/__clang_major__ (\d+)/) ?? []
  return (clang ? clang >= 9 : gcc >= 12) ? 3 : 2
}

/** The sources in a directory, but for those of other programs. */
export function filesInC(directory, except = []) {
  const names = readdirSync(directory)
    .filter((name) => name.endsWith('.c') && !except.includes(name))
    .sort()
  return names.map((name) => `${directory}/${name}`)
}
