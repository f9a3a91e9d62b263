import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import isKeeping from '../../build/check-keeping.js'
import { type AttachmentKey, attachmentName } from '../attachments/attachment-key.js'
import { inDirectory } from '../attachments/directory.js'
import { requirePrivate } from '../attachments/private-directory.js'
import { Failure } from '../failure.js'
import type { Keeping } from './keeping-schema.js'

const EXTENSION = '.json'

/**
 * What is noted for gVisor, one file for each interface. Not as durable as an attachment
 * record: no sandbox outlives the power cut that would lose one.
 */
export class KeepingStore {
  readonly #directory: string

  constructor(stateDirectory: string) {
    requirePrivate(stateDirectory)
    this.#directory = directoryIn(stateDirectory)
  }

  /** Undefined where nothing is noted, or nothing that can be understood. */
  read(key: AttachmentKey): Keeping | undefined {
    return readFile(this.#path(key))
  }

  list(): Keeping[] {
    if (!existsSync(this.#directory)) return []
    const files = readdirSync(this.#directory).filter((file) => file.endsWith(EXTENSION))
    return files.flatMap((file) => readFile(`${this.#directory}/${file}`) ?? [])
  }

  /** @throws Failure `state-unusable` */
  write(keeping: Keeping): void {
    const path = this.#path(keeping)
    const temporary = `${path}.new`
    try {
      inDirectory(this.#directory, () =>
        writeFileSync(temporary, JSON.stringify(keeping), { mode: 0o600 }),
      )
      renameSync(temporary, path)
    } catch (error) {
      throw new Failure('state-unusable', `cannot write ${path}: ${(error as Error).message}`)
    }
  }

  remove(key: AttachmentKey): void {
    rmSync(this.#path(key), { force: true })
  }

  #path(key: AttachmentKey): string {
    return `${this.#directory}/${attachmentName(key)}${EXTENSION}`
  }
}

/** Whether anything was ever noted there: all that a call without gVisor needs to know. */
export function directoryIn(stateDirectory: string): string {
  return `${stateDirectory}/gvisor`
}

function readFile(path: string): Keeping | undefined {
  try {
    const keeping: unknown = JSON.parse(readFileSync(path, 'utf8'))
    return isKeeping(keeping) ? (keeping as Keeping) : undefined
  } catch {
    return undefined
  }
}
