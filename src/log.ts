import { appendFileSync } from 'node:fs'
import { printStderr } from './stdio.js'

const LEVELS = ['error', 'warning', 'info', 'debug'] as const
export type LogLevel = (typeof LEVELS)[number]

/** Where events are logged, and what each line says of its call. */
export interface LogSettings {
  /** Undefined: there is no log file; warnings go to stderr all the same. */
  file?: string | undefined
  level: LogLevel
  /** What the call is about: its command, network, container, interface and pod. */
  context: () => Record<string, string>
}

let settings: LogSettings = { level: 'warning', context: () => ({}) }

/** Sets where this process logs, once its configuration is known. */
export function openLog(wanted: LogSettings): void {
  settings = wanted
}

/** Warns the operator, on stderr and in the log: nothing failed, but something is worth knowing. */
export function warn(text: string): void {
  if (isWanted('warning')) printWarning(text)
  note('warning', text, () => ({}))
}

/**
 * Writes an event to the log file.
 * @param fields what was decided, or how it went; only called where the event is written
 */
export function note(level: LogLevel, event: string, fields: () => object): void {
  const { file, context } = settings
  if (file === undefined || !isWanted(level)) return
  const line = { time: new Date().toISOString(), level, event, ...context(), ...fields() }
  try {
    appendFileSync(file, `${JSON.stringify(line)}\n`, { mode: 0o600 })
  } catch (error) {
    settings = { ...settings, file: undefined }
    printWarning(`cannot log to ${file}: ${(error as Error).message}`)
  }
}

/** A log line that another program is to write: JSON members, without the time and the braces. */
export interface PreparedLine {
  file: string
  members: string
}

/**
 * Prepares a log line for a program that outlives this process.
 * @returns undefined where the configuration does not want such a line
 */
export function prepareNote(
  level: LogLevel,
  event: string,
  fields: object,
): PreparedLine | undefined {
  const { file, context } = settings
  if (file === undefined || !isWanted(level)) return undefined
  const members = JSON.stringify({ level, event, ...context(), ...fields }).slice(1, -1)
  return { file, members }
}

function isWanted(level: LogLevel): boolean {
  return LEVELS.indexOf(level) <= LEVELS.indexOf(settings.level)
}

/** A closed stderr must not fail an ADD that has moved its device. */
function printWarning(text: string): void {
  try {
    printStderr(`host-device-l3: ${text}`)
  } catch {
    // Nobody reads stderr.
  }
}
