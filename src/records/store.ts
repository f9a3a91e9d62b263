import { readdirSync, readFileSync, renameSync } from 'node:fs'
import isAttachmentRecord from '../../build/check-attachment-record.js'
import { Failure } from '../failure.js'
import { warn } from '../log.js'
import { removeDurable, writeDurably } from './durable-file.js'
import { upgradeFormat1 } from './format-1.js'
import {
  type AnyRecord,
  type AttachmentKey,
  attachmentName,
  isOfThisBoot,
  keyOf,
} from './record.js'
import type { AttachmentRecord } from './record-schema.js'

const EXTENSION = '.json'

/** A kind of records: where they are, and how one is checked and read. */
export interface RecordKind<T extends AnyRecord> {
  /** The directory of this kind in the state directory. */
  directory: string
  keyOf: (record: T) => AttachmentKey
  isRecord: (value: unknown) => value is T
  /** Converts a record of the format before; undefined for anything else. */
  upgrade: (value: unknown) => unknown
}

/** The records of one kind in a state directory, one durable JSON file for each attachment. */
export class RecordStore<T extends AnyRecord> {
  readonly #directory: string

  constructor(
    stateDirectory: string,
    private readonly kind: RecordKind<T>,
  ) {
    this.#directory = `${stateDirectory}/${kind.directory}`
  }

  /** Undefined where the attachment has no record since the node booted. */
  read(key: AttachmentKey): T | undefined {
    const record = this.#readFile(this.#path(key))
    return record && isOfThisBoot(record) ? record : undefined
  }

  /** All records since the node booted. */
  list(): T[] {
    return this.listWithEarlierBoots().filter(isOfThisBoot)
  }

  /** All records, also those that are only good to be removed. */
  listWithEarlierBoots(): T[] {
    const files = attempt('list', this.#directory, () =>
      unlessAbsent(() => readdirSync(this.#directory)),
    )
    const complete = (files ?? []).filter((file) => file.endsWith(EXTENSION))
    return complete.flatMap((file) => this.#readFile(`${this.#directory}/${file}`) ?? [])
  }

  /**
   * Writes a record. It is complete and on disk when this returns, or not there at all.
   * @throws Failure `state-unusable`
   */
  write(record: T): void {
    const key = this.kind.keyOf(record)
    const path = this.#path(key)
    try {
      attempt('write', path, () => writeDurably(path, JSON.stringify(record)))
    } catch (error) {
      this.#removeUnfinished(key)
      throw error
    }
  }

  /** Removes a record, and the temporary file that a killed call may have left. */
  remove(key: AttachmentKey): void {
    const path = this.#path(key)
    attempt('remove', path, () => removeDurable(path))
  }

  /** A file that is no record is set aside, for a person to look at. */
  #readFile(path: string): T | undefined {
    const text = attempt('read', path, () => unlessAbsent(() => readFileSync(path, 'utf8')))
    if (text === undefined) return undefined
    const value = decode(text)
    if (this.kind.isRecord(value)) return value
    const upgraded = this.kind.upgrade(value)
    if (this.kind.isRecord(upgraded)) return upgraded
    const aside = `${path}.set-aside`
    attempt('set aside', path, () => unlessAbsent(() => renameSync(path, aside)))
    warn(`${path} is cut off, of a newer version or not ours; it is now ${aside}`)
    return undefined
  }

  #removeUnfinished(key: AttachmentKey): void {
    try {
      this.remove(key)
    } catch {
      // The error of the write is the one to report.
    }
  }

  #path(key: AttachmentKey): string {
    return `${this.#directory}/${attachmentName(key)}${EXTENSION}`
  }
}

/** The records of devices that are lent, and of interfaces that were given the state of one. */
export function attachmentRecords(stateDirectory: string): RecordStore<AttachmentRecord> {
  return new RecordStore(stateDirectory, { ...ATTACHMENT_KIND, directory: 'attachments' })
}

/** The records of state that was captured for a later plugin of the same chain. */
export function captureRecords(stateDirectory: string): RecordStore<AttachmentRecord> {
  return new RecordStore(stateDirectory, { ...ATTACHMENT_KIND, directory: 'captures' })
}

const ATTACHMENT_KIND = { keyOf, isRecord: isAttachmentRecord, upgrade: upgradeFormat1 }

/** Undefined for a text that is no JSON. */
function decode(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What is read of a file or directory; undefined where it is not there. */
function unlessAbsent<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function attempt<T>(what: string, path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw new Failure('state-unusable', `cannot ${what} ${path}: ${(error as Error).message}`)
  }
}
