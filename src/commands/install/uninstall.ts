import { existsSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { bounded } from '../../bounded.js'
import { attachmentRecords } from '../../records/attachments.js'
import { remarkOn } from '../../records/other-file.js'
import { isLoan, isOfThisBoot } from '../../records/record.js'
import type { AttachmentRecord } from '../../records/record-schema.js'
import type { OtherFile } from '../../records/store.js'
import { pathOfState } from '../line/state-directory.js'
import { BIN_DIRECTORY, PLUGIN } from './install.js'
import { lockDirectory, syncDirectory, temporaryName } from './replace-file.js'

/** Options of `uninstall`. */
export interface UninstallOptions {
  'bin-dir'?: string | undefined
  conf?: string | undefined
  'state-dir'?: string | undefined
  force?: boolean | undefined
}

/** Maximum number of attachments that a message names. */
const MOST_NAMED = 10

/**
 * `uninstall`: takes away the configuration and then the plugin. While pods have devices, or state
 * that was applied for them, the plugin stays: without it no runtime could end those pods.
 * @returns a line for each file, and what stays
 * @throws Error if there are attachments; nothing has changed then
 */
export function uninstall(options: UninstallOptions): string {
  const stateDirectory = pathOfState(options['state-dir'])
  const directory = options['bin-dir'] ?? BIN_DIRECTORY
  const program: Place = { directory, name: PLUGIN }
  // The configuration first: a runtime must not be told to call what is gone.
  const places = [...networkIn(options), program]
  const others: OtherFile[] = []
  const attachments = () =>
    attachmentRecords(stateDirectory)
      .look((other) => others.push(other))
      .filter(isOfThisBoot)
  using _ = lockDirectory(directory)
  if (!options.force) requireNone(attachments(), `${pathOf(program)} is still there`)
  if (!options.force) requireKnown(others, `${pathOf(program)} is still there`)
  const present = places.filter((place) => existsSync(pathOf(place)))
  const absent = places.filter((place) => !present.includes(place))
  const aside = setAside(present)
  const left = attachments()
  // A device may have been lent at this very moment.
  if (!options.force && left.length > 0) {
    putBack(aside)
    requireNone(left, `${pathOf(program)} is back`)
  }
  for (const place of aside) {
    rmSync(temporaryName(place.directory, place.name))
    syncDirectory(place.directory)
  }
  return [
    ...present.map((place) => `${pathOf(place)} is removed`),
    ...absent.map((place) => `there is no ${pathOf(place)}`),
    ...(left.length > 0 ? [`without the plugin, these cannot be ended: ${described(left)}`] : []),
    existsSync(stateDirectory)
      ? `what is in ${stateDirectory} stays`
      : `there is no ${stateDirectory}, where it would say what is lent`,
  ]
    .map((line) => `${line}\n`)
    .join('')
}

interface Place {
  directory: string
  name: string
}

const pathOf = ({ directory, name }: Place) => `${directory}/${name}`

function networkIn({ conf }: UninstallOptions): Place[] {
  if (conf === undefined) return []
  return [{ directory: dirname(conf), name: conf.slice(conf.lastIndexOf('/') + 1) }]
}

/** Renames files so that no runtime finds them: all of them, or none. */
function setAside(places: Place[]): Place[] {
  const done: Place[] = []
  try {
    for (const place of places) {
      renameSync(pathOf(place), temporaryName(place.directory, place.name))
      done.push(place)
    }
  } catch (error) {
    putBack(done)
    throw error
  }
  return done
}

function putBack(places: Place[]): void {
  for (const place of places.toReversed())
    renameSync(temporaryName(place.directory, place.name), pathOf(place))
}

function requireNone(records: AttachmentRecord[], state: string): void {
  if (records.length === 0) return
  throw new Error(
    `it is in use, and ${state}: ${described(records)}; end these pods first, or give --force`,
  )
}

/** Refuses if a file may be a record that cannot be read: its device may be lent. */
function requireKnown([other]: OtherFile[], state: string): void {
  if (!other) return
  const { text, cure } = remarkOn(other)
  throw new Error(`it may be in use, and ${state}: ${text}; ${cure}, or give --force`)
}

function described(records: AttachmentRecord[]): string {
  const names = records.map((record) => {
    const { device, containerId, sandboxPath } = record
    const what = isLoan(record) ? 'is lent to' : 'has given its state to'
    return `${device.onHost.name} ${what} container ${containerId} as ${device.nameInSandbox} (${sandboxPath})`
  })
  return bounded(names, MOST_NAMED).join('; ')
}
