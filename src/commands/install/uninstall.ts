import { existsSync, renameSync, rmSync } from 'node:fs'
import { bounded } from '../../bounded.js'
import { printableLine } from '../../printable.js'
import { attachmentRecords } from '../../records/attachments.js'
import { describeBorrower } from '../../records/describe-loan.js'
import { remarkOn } from '../../records/other-file.js'
import { isLoan, isOfThisBoot } from '../../records/record.js'
import type { AttachmentRecord } from '../../records/record-schema.js'
import type { OtherFile } from '../../records/store.js'
import { pathOfState } from '../line/state-directory.js'
import { isThere } from './file-in-place.js'
import { BIN_DIRECTORY, CONF_DIRECTORY, configurationName, PLUGIN } from './install.js'
import { requireOwn } from './own-file.js'
import { lockDirectory, syncDirectory, temporaryName } from './replace-file.js'
import { stateDirectoriesOf } from './state-directories.js'
import { withCure } from './with-cure.js'

/** Options of `uninstall`. */
export interface UninstallOptions {
  'bin-dir'?: string | undefined
  /** The file that was given to `install`, or its name in `conf-dir`. */
  conf?: string | undefined
  /** Where `conf` is, and configurations that may have state directories of their own. */
  'conf-dir'?: string | undefined
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
  const stateDirectories = stateDirectoriesFor(options)
  const directory = options['bin-dir'] ?? BIN_DIRECTORY
  const program: Place = { directory, name: PLUGIN }
  // The configuration first: a runtime must not be told to call what is gone.
  const places = [...networkIn(options), program]
  const others: OtherFile[] = []
  const attachments = () =>
    stateDirectories
      .flatMap((path) => attachmentRecords(path).look((other) => others.push(other)))
      .filter(isOfThisBoot)
  using _ = inDirectory(directory, () => lockDirectory(directory))
  if (!options.force) requireNone(attachments(), `${pathOf(program)} is still there`)
  if (!options.force) requireKnown(others, `${pathOf(program)} is still there`)
  const present = places.filter((place) =>
    inDirectory(place.directory, () => isThere(pathOf(place))),
  )
  if (!options.force) inDirectory(directory, () => requireOwn(pathOf(program), 'removes'))
  const absent = places.filter((place) => !present.includes(place))
  const aside = setAside(present)
  const left = attachments()
  // A device may have been lent at this very moment.
  if (!options.force && left.length > 0) {
    putBack(aside)
    requireNone(left, `${pathOf(program)} is back`)
  }
  for (const place of aside)
    inDirectory(place.directory, () => {
      rmSync(temporaryName(place.directory, place.name))
      syncDirectory(place.directory)
    })
  return [
    ...present.map((place) => `${pathOf(place)} is removed`),
    ...absent.map((place) => `there is no ${pathOf(place)}`),
    ...(left.length > 0 ? [`without the plugin, these cannot be ended: ${described(left)}`] : []),
    ...stateDirectories.map((path) =>
      existsSync(path)
        ? `what is in ${path} stays`
        : `there is no ${path}, where it would say what is lent`,
    ),
  ]
    .map((line) => `${line}\n`)
    .join('')
}

interface Place {
  directory: string
  name: string
}

const pathOf = ({ directory, name }: Place) => `${directory}/${name}`

function networkIn({ conf, 'conf-dir': directory }: UninstallOptions): Place[] {
  if (conf === undefined) return []
  return [{ directory: directory ?? CONF_DIRECTORY, name: configurationName(conf) }]
}

/** Where it may say what is lent, each once. */
function stateDirectoriesFor(options: UninstallOptions): string[] {
  const paths = [pathOfState(options['state-dir']), ...ofConfigurations(options)]
  return [...new Set(paths.map((path) => path.replace(/(.)\/+$/, '$1')))]
}

function ofConfigurations({ 'conf-dir': directory, force }: UninstallOptions): string[] {
  try {
    return stateDirectoriesOf(directory ?? CONF_DIRECTORY)
  } catch (error) {
    if (force) return []
    throw error
  }
}

function inDirectory<T>(directory: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw withCure(error, directory)
  }
}

/** Renames files so that no runtime finds them: all of them, or none. */
function setAside(places: Place[]): Place[] {
  const done: Place[] = []
  try {
    for (const place of places) {
      inDirectory(place.directory, () =>
        renameSync(pathOf(place), temporaryName(place.directory, place.name)),
      )
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
    const { device, sandboxPath } = record
    const what = isLoan(record) ? 'is lent to' : 'has given its state to'
    return `${device.onHost.name} ${what} ${describeBorrower(record)} as ${device.nameInSandbox} (${printableLine(sandboxPath)})`
  })
  return bounded(names, MOST_NAMED).join('; ')
}
