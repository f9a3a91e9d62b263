import { fileURLToPath } from 'node:url'

export const JAVASCRIPT = absolute('dist/host-device-l3.cjs')
export const COMPILED = absolute('dist/host-device-l3')

const SHIPPED = [
  { artefact: 'dist/host-device-l3.cjs, run by Node', path: JAVASCRIPT },
  { artefact: 'dist/host-device-l3, the executable', path: COMPILED },
]

/**
 * What is shipped, or the one file named by ARTEFACT. Every test of the plugin as a program
 * runs against each.
 */
export const ARTEFACTS = process.env.ARTEFACT
  ? [{ artefact: process.env.ARTEFACT, path: absolute(process.env.ARTEFACT) }]
  : SHIPPED

function absolute(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url))
}
