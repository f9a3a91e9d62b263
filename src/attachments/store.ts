import { readdirSync, readFileSync, renameSync } from 'node:fs'
import isRecord from '../../build/check-record.js'
import { Failure } from '../failure.js'
import { ignoringErrors } from '../ignoring-errors.js'
import { bootId } from '../kernel/boot-id.js'
import { warn } from '../log.js'
import { type AttachmentKey, attachmentName, keyOf } from './attachment-key.js'
import { removeDurable, writeDurably } from './durable-file.js'
import type { AttachmentRecord } from './record-schema.js'

const EXTENSION = '.json'

/** The attachment records of a state directory, one JSON file each. */
export class AttachmentStore {
  readonly #directory: string

  private constructor(directory: string) {
    this.#directory = directory
  }

  /** Of devices that are lent, and of interfaces that were given the state of one. */
  static ofAttachments(stateDirectory: string): AttachmentStore {
    return new AttachmentStore(`${stateDirectory}/attachments`)
  }

  /** Of state that was captured for a later plugin of the same chain. */
  static ofCaptures(stateDirectory: string): AttachmentStore {
    return new AttachmentStore(`${stateDirectory}/captures`)
  }

  /** Undefined where the attachment has no record since the node was started. */
  read(key: AttachmentKey): AttachmentRecord | undefined {
    const record = this.#readFile(this.#path(key))
    return record && isOfThisBoot(record) ? record : undefined
  }

  /** What cannot be understood is no record: it is set aside, for a person to look at. */
  #readFile(path: string): AttachmentRecord | undefined {
    const text = attempt('read', path, () => ifThere(() => readFileSync(path, 'utf8')))
    if (text === undefined) return undefined
    const record = decode(text)
    if (isRecord(record)) return record as AttachmentRecord
    const aside = `${path}.set-aside`
    attempt('set aside', path, () => ifThere(() => renameSync(path, aside)))
    warn(`${path} is cut off, of a newer version or not ours; it is now ${aside}`)
    return undefined
  }

  /** All records since the node was started. */
  list(): AttachmentRecord[] {
    return this.listWithFormerBoots().filter(isOfThisBoot)
  }

  /** All there are, also those that are only good to be removed. */
  listWithFormerBoots(): AttachmentRecord[] {
    const files = attempt('list', this.#directory, () =>
      ifThere(() => readdirSync(this.#directory)),
    )
    const complete = (files ?? []).filter((file) => file.endsWith(EXTENSION))
    return complete.flatMap((file) => this.#readFile(`${this.#directory}/${file}`) ?? [])
  }

  /** Writes a record so that it is complete and on disk when this returns, or not there at all. */
  write(record: AttachmentRecord): void {
    const path = this.#path(keyOf(record))
    try {
      attempt('write', path, () => writeDurably(path, JSON.stringify(record)))
    } catch (error) {
      ignoringErrors(() => this.remove(keyOf(record)))
      throw error
    }
  }

  /** Removes a record, and what a call that was killed had written of one. */
  remove(key: AttachmentKey): void {
    const path = this.#path(key)
    attempt('remove', path, () => removeDurable(path))
  }

  #path(key: AttachmentKey): string {
    return `${this.#directory}/${attachmentName(key)}${EXTENSION}`
  }
}

/**
 * When the node is started again, all devices are on the host and all sandboxes gone, and their
 * indices and paths may be those of others. A record of before the field came is taken for a new one.
 */
function isOfThisBoot({ bootId: former = '' }: AttachmentRecord): boolean {
  const current = bootId()
  return former === '' || current === '' || former === current
}

/** Undefined for a text that is cut off. */
function decode(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What is read of a file or directory; undefined where it is not there. */
function ifThere<T>(read: () => T): T | undefined {
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
