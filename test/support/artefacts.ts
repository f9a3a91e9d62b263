import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url))

/** Where the artefacts are. The variable is for those of another build. */
export const DIRECTORY = resolve(REPOSITORY, process.env.ARTEFACTS_DIR ?? 'dist')
export const JAVASCRIPT = `${DIRECTORY}/host-device-l3.cjs`
export const COMPILED = `${DIRECTORY}/host-device-l3`

const EXECUTABLE = { artefact: 'dist/host-device-l3, the executable', path: COMPILED }
const SHIPPED = [{ artefact: 'dist/host-device-l3.cjs, run by Node', path: JAVASCRIPT }, EXECUTABLE]

/** The one file that ARTEFACT names, if it does. */
const chosen = process.env.ARTEFACT
  ? [{ artefact: process.env.ARTEFACT, path: resolve(REPOSITORY, process.env.ARTEFACT) }]
  : undefined

/**
 * What every test of the plugin as a program runs against: the executable, which is what operators
 * install. `make test-javascript` runs the same tests against the JavaScript file.
 */
export const ARTEFACTS = chosen ?? [EXECUTABLE]

/** For tests of what both have to answer to the word: the protocol, and the main job. */
export const BOTH_ARTEFACTS = chosen ?? SHIPPED
