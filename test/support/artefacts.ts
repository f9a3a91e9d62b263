import { fileURLToPath } from 'node:url'

/** What is shipped. Every test of the plugin as a program runs against each. */
export const ARTEFACTS = [
  { artefact: 'dist/host-device-l3.cjs, run by Node', path: absolute('dist/host-device-l3.cjs') },
  { artefact: 'dist/host-device-l3, compiled with Bun', path: absolute('dist/host-device-l3') },
]

function absolute(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url))
}
