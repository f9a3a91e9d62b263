import { asCniError, CniError, ErrorCode } from '../cni/error.js'
import { GVISOR_DIRECTORY } from '../gvisor/release.js'
import { CAPTURE_DIRECTORY, OUTSTANDING_DIRECTORY } from '../records/attachments.js'
import { damageIn } from '../records/damage.js'
import { decoded, filesIn, readRecord } from '../records/record-file.js'

const DIRECTORIES = ['attachments', CAPTURE_DIRECTORY, OUTSTANDING_DIRECTORY, GVISOR_DIRECTORY]

/** What to do about a damaged record. */
export const DAMAGE_CURE =
  'correct that in the file; or see that its device is home and has what is in the file, and remove it'

/**
 * For an error that would be a defect of this plugin: what is damaged in a record shows where it is
 * used. The records are looked through only then.
 * @returns the error itself, or one that names the damaged record
 */
export function orDamage(stateDir: string, error: unknown): unknown {
  const { code, message, details } = asCniError(error, DAMAGE_CURE)
  const damage = code === ErrorCode.internal ? damageAmong(stateDir, () => true) : undefined
  return damage === undefined
    ? error
    : new CniError(ErrorCode.inputOutput, damage, `${details}; it led to: ${message}`)
}

/**
 * For an error of what a record was needed for, which may have another cause.
 * @param containerId of the attachments that it is about; empty for any
 * @returns the error, with what is damaged in a record of these
 */
export function withDamage(stateDir: string, error: CniError, containerId: string): CniError {
  const isOf = (record: unknown) =>
    containerId === '' || (record as { containerId?: unknown } | null)?.containerId === containerId
  const damage = damageAmong(stateDir, isOf)
  return damage === undefined ? error : asCniError(error, `${damage}: ${DAMAGE_CURE}`)
}

function damageAmong(stateDir: string, isMeant: (record: unknown) => boolean): string | undefined {
  try {
    for (const one of damagedRecords(stateDir, isMeant)) return describeDamage(one)
  } catch {
    // Ignored: the error of the call is the one to report.
  }
  return undefined
}

/** A record that has an address, a name or a number in it that is none. */
export interface DamagedRecord {
  /** Of the state directory. */
  directory: string
  file: string
  /** The first thing that is wrong. */
  damage: string
}

/** A sentence without a full stop. */
export function describeDamage({ directory, file, damage }: DamagedRecord): string {
  return `${directory}/${file} is damaged: ${damage}`
}

/**
 * Looks through the records of all kinds.
 * @throws Failure `state-unusable` at what cannot be read
 */
export function* damagedRecords(
  stateDir: string,
  isMeant: (record: unknown) => boolean = () => true,
): Generator<DamagedRecord> {
  for (const directory of DIRECTORIES.map((name) => `${stateDir}/${name}`))
    for (const file of filesIn(directory).filter((name) => name.endsWith('.json'))) {
      const record = decoded(readRecord(`${directory}/${file}`) ?? '')
      const damage = isMeant(record) ? damageIn(record) : undefined
      if (damage !== undefined) yield { directory, file, damage }
    }
}
