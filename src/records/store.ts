import { Failure } from '../failure.js'
import { warn } from '../log.js'
import { privateDirectory } from './durable-file.js'
import { type AnyRecord, type AttachmentKey, attachmentName, isOfThisBoot } from './record.js'
import {
  decoded,
  filesIn,
  readRecord,
  removeRecord,
  setRecordAside,
  writeRecord,
  writeRecordAhead,
} from './record-file.js'

const EXTENSION = '.json'
const SET_ASIDE_EXTENSION = '.set-aside'

/** A kind of records: their directory, and how to check and convert one. */
export interface RecordKind<T extends AnyRecord> {
  /** Name of this kind's directory in the state directory. */
  directory: string
  /** The format that is written. */
  format: T['format']
  keyOf: (record: T) => AttachmentKey
  isRecord: (value: unknown) => value is T
  /** Converts a record of the previous format; returns undefined for anything else. */
  upgrade: (value: unknown) => unknown
}

/** A file among the records by which this version cannot go. */
export type OtherFile =
  | { kind: 'broken' | 'newer' | 'set-aside'; path: string }
  | { kind: 'unreadable'; path: string; failure: Failure }

/** The records of one kind in a state directory: a durable JSON file for each attachment. */
export class RecordStore<T extends AnyRecord> {
  constructor(
    private readonly stateDirectory: string,
    private readonly kind: RecordKind<T>,
  ) {}

  /**
   * Undefined if there is no record, or only one from an earlier boot.
   * @throws Failure `state-unusable`, also for a record of a newer version
   */
  read(key: AttachmentKey): T | undefined {
    const record = this.#readFile(this.#path(key), undefined, (path) => {
      throw new Failure(
        'state-unusable',
        newerVersion(path),
        'nothing was changed; the newer version can return what was lent',
      )
    })
    return record && isOfThisBoot(record) ? record : undefined
  }

  /**
   * All records of this boot.
   * @param isMeant decides by its text whether a record is decoded at all, which takes most of the time
   */
  list(isMeant?: (text: string) => boolean): T[] {
    return this.listWithEarlierBoots(isMeant).filter(isOfThisBoot)
  }

  /** All records, including those of earlier boots, which can only be removed. */
  listWithEarlierBoots(isMeant = (_: string) => true): T[] {
    return this.#paths().flatMap((path) => this.#readFile(path, isMeant) ?? [])
  }

  /**
   * A function for each file that reads its record, also one of an earlier boot: where one cannot be read,
   * the others can. They return undefined for what is no record.
   */
  readers(): (() => T | undefined)[] {
    return this.#paths().map((path) => () => this.#readFile(path))
  }

  /**
   * All records, including those of earlier boots, without setting any file aside or warning.
   * @param onOther is called for each file that is no record of this version, or cannot be read
   * @throws Failure `state-unusable` if the directory cannot be read
   */
  look(onOther: (other: OtherFile) => void): T[] {
    for (const path of this.#paths(SET_ASIDE_EXTENSION)) onOther({ kind: 'set-aside', path })
    return this.#paths().flatMap((path) => {
      try {
        const onNewer = () => onOther({ kind: 'newer', path })
        const onBroken = () => onOther({ kind: 'broken', path })
        return this.#readFile(path, undefined, onNewer, onBroken) ?? []
      } catch (error) {
        if (!(error instanceof Failure)) throw error
        onOther({ kind: 'unreadable', path, failure: error })
        return []
      }
    })
  }

  /**
   * Writes a record durably and atomically. If that fails, there is the former record or this one.
   * @throws Failure `state-unusable`
   */
  write(record: T): void {
    writeRecord(this.#path(this.kind.keyOf(record)), record)
  }

  /**
   * Writes a record atomically, before what it is about happens: a killed process leaves it. One that is
   * there stays if this cannot be written.
   * @returns makes it durable, while that happens: a machine that loses power has all devices at home
   * @throws Failure `state-unusable`, as what it returns does
   */
  writeAhead(record: T): () => void {
    return writeRecordAhead(this.#path(this.kind.keyOf(record)), record)
  }

  /** Removes a record, and the temporary file that a killed call may have left. */
  remove(key: AttachmentKey): void {
    removeRecord(this.#path(key))
  }

  /**
   * Undefined for what is not there, is not meant, or is no record.
   * @param onNewer is called for a record of a newer version, which stays as it is
   * @param onBroken is called for what is no valid record, with its text
   */
  #readFile(
    path: string,
    isMeant = (_: string) => true,
    onNewer = (newer: string) => warn(newerVersion(newer)),
    onBroken = brokenIs,
  ): T | undefined {
    const text = readRecord(path)
    if (text === undefined || !isMeant(text)) return undefined
    const value = decoded(text)
    if (this.kind.isRecord(value)) return value
    const upgraded = this.kind.upgrade(value)
    if (this.kind.isRecord(upgraded)) return upgraded
    if (formatOf(value) > this.kind.format) {
      onNewer(path)
      return undefined
    }
    onBroken(path, text)
    return undefined
  }

  /** Of all files that may be records, or of those that were set aside. */
  #paths(extension = EXTENSION): string[] {
    const directory = this.#directory()
    return filesIn(directory)
      .filter((file) => file.endsWith(extension))
      .map((file) => `${directory}/${file}`)
  }

  #path(key: AttachmentKey): string {
    return `${this.#directory()}/${attachmentName(key)}${EXTENSION}`
  }

  #directory(): string {
    return privateDirectory(this.stateDirectory, this.kind.directory)
  }
}

/** What is done with a file that is no valid record. */
let brokenIs: (path: string, text: string) => void = setAside

/** From now on such a file stays where it is, with a warning: for commands that only look. */
export function leaveBrokenRecords(): void {
  const named = new Set<string>()
  brokenIs = (path) => {
    if (!named.has(path)) warn(`${path} is cut off or not ours; the next call sets it aside`)
    named.add(path)
  }
}

function setAside(path: string, text: string): void {
  const aside = setRecordAside(path, text, SET_ASIDE_EXTENSION)
  if (aside !== undefined) warn(`${path} is cut off or not ours; it is now ${aside}`)
}

/** What a version before this one finds after a downgrade: it must not lose what is in it. */
function newerVersion(path: string): string {
  return `${path} is of a newer version of this plugin, which has to be installed again to end that attachment`
}

/** 0 for what has none. */
function formatOf(value: unknown): number {
  const { format } = (value ?? {}) as { format?: unknown }
  return typeof format === 'number' ? format : 0
}
