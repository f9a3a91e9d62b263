import { renameSync, rmSync, statSync } from 'node:fs'
import { bounded } from '../../bounded.js'
import { CONFIGURATION_DEFAULTS } from '../../cni/configuration-defaults.js'
import type { Failure } from '../../failure.js'
import { attachmentRecords, captureRecords } from '../../records/attachments.js'
import { describeLoan } from '../../records/describe-loan.js'
import { type Remark, remarkOn } from '../../records/other-file.js'
import { isOfThisBoot } from '../../records/record.js'
import type { AttachmentRecord } from '../../records/record-schema.js'
import type { RecordStore } from '../../records/store.js'
import { pathOfState } from '../line/state-directory.js'
import { isThere } from './file-in-place.js'
import { BIN_DIRECTORY, CONF_DIRECTORY, PLUGIN } from './install.js'
import { configurationName, stateDirectoriesOf } from './networks.js'
import { requireOwn } from './own-file.js'
import { lockDirectory, syncDirectory, temporaryName } from './replace-file.js'
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
 * @throws Error if there are attachments, or may be; nothing has changed then
 */
export function uninstall(options: UninstallOptions): string {
  const { force: isForced = false, 'bin-dir': directory = BIN_DIRECTORY } = options
  const program: Place = { directory, name: PLUGIN }
  // The configuration first: a runtime must not be told to call what is gone.
  const places = [...networkIn(options), program]
  const doubts: Remark[] = []
  const stateDirectories = stateDirectoriesFor(options, doubts)
  using _ = inDirectory(directory, () => lockDirectory(directory))
  const lent = lentBy(stateDirectories, doubts)
  if (!isForced) {
    requireNone(lent, `${pathOf(program)} is still there`)
    requireKnown(doubts, `${pathOf(program)} is still there`)
  }
  const present = places.filter((place) =>
    inDirectory(place.directory, () => isThere(pathOf(place))),
  )
  if (!isForced) inDirectory(directory, () => requireOwn(pathOf(program), 'removes'))
  const aside = setAside(present)
  const left = lentBy(stateDirectories, doubts)
  // A device may have been lent at this very moment.
  if (!isForced && left.length > 0) {
    putBack(aside)
    requireNone(left, `${pathOf(program)} is back`)
  }
  for (const place of aside) remove(place)
  return [
    ...present.map((place) => `${pathOf(place)} is removed`),
    ...places
      .filter((place) => !present.includes(place))
      .map((place) => `there is no ${pathOf(place)}`),
    ...(left.length > 0 ? [`without the plugin, these cannot be ended: ${described(left)}`] : []),
    ...stateDirectories.map(whatStays),
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

/**
 * Where it may say what is lent, each once.
 * @param doubts gets what keeps that from being known
 */
function stateDirectoriesFor(options: UninstallOptions, doubts: Remark[]): string[] {
  const given = pathOfState(options['state-dir'])
  if (given !== CONFIGURATION_DEFAULTS.stateDir && !isDirectory(given))
    doubts.push({
      text: `there is no directory ${given}`,
      cure: 'give the "stateDir" of the configurations as --state-dir',
    })
  const paths = [given, ...ofConfigurations(options['conf-dir'] ?? CONF_DIRECTORY, doubts)]
  return [...new Set(paths.map((path) => path.replace(/(.)\/+$/, '$1')))]
}

function ofConfigurations(directory: string, doubts: Remark[]): string[] {
  try {
    return stateDirectoriesOf(directory, (doubt) => doubts.push(doubt))
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    // A container, or a node whose runtime is told to look elsewhere, has none.
    if (code !== 'ENOENT' || directory !== CONF_DIRECTORY)
      doubts.push({
        text: `cannot read the networks of the node: ${message}`,
        cure: 'give the directory in which the runtime looks for them as --conf-dir',
      })
    return []
  }
}

/** All of this boot: what was lent, applied to an interface, or captured for another plugin. */
function lentBy(stateDirectories: string[], doubts: Remark[]): AttachmentRecord[] {
  const recordsIn = (store: RecordStore<AttachmentRecord>) => {
    try {
      return store.look((other) => doubts.push(remarkOn(other)))
    } catch (error) {
      const { message, details } = error as Failure
      doubts.push({ text: message, cure: details || 'look at the path' })
      return []
    }
  }
  return stateDirectories
    .flatMap((path) => [attachmentRecords(path), captureRecords(path)])
    .flatMap(recordsIn)
    .filter(isOfThisBoot)
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

function whatStays(stateDirectory: string): string {
  return isDirectory(stateDirectory)
    ? `what is in ${stateDirectory} stays`
    : `there is no ${stateDirectory}, where it would say what is lent`
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

function remove({ directory, name }: Place): void {
  inDirectory(directory, () => {
    rmSync(temporaryName(directory, name))
    syncDirectory(directory)
  })
}

function requireNone(records: AttachmentRecord[], state: string): void {
  if (records.length === 0) return
  throw new Error(
    `it is in use, and ${state}: ${described(records)}; end these pods first, or give --force`,
  )
}

/** Refuses if a device may be lent of which nobody can read that. */
function requireKnown([doubt]: Remark[], state: string): void {
  if (!doubt) return
  throw new Error(`it may be in use, and ${state}: ${doubt.text}; ${doubt.cure}, or give --force`)
}

function described(records: AttachmentRecord[]): string {
  return bounded(records.map(describeLoan), MOST_NAMED).join('; ')
}
