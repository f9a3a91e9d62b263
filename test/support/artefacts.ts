import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url))

/** Where the artefacts are. The variable is for those of another build. */
export const DIRECTORY = resolve(REPOSITORY, process.env.ARTEFACTS_DIR ?? 'dist')
export const JAVASCRIPT = `${DIRECTORY}/host-device-l3.cjs`
export const COMPILED = `${DIRECTORY}/host-device-l3`

const SHIPPED = [
  { artefact: 'dist/host-device-l3.cjs, run by Node', path: JAVASCRIPT },
  { artefact: 'dist/host-device-l3, the executable', path: COMPILED },
]

/**
 * What is shipped, or the one file named by ARTEFACT. Every test of the plugin as a program
 * runs against each.
 */
export const ARTEFACTS = process.env.ARTEFACT
  ? [{ artefact: process.env.ARTEFACT, path: resolve(REPOSITORY, process.env.ARTEFACT) }]
  : SHIPPED
