import { appendFileSync } from 'node:fs'
import { printAbout } from './standard-streams.js'

const LEVELS = ['error', 'warning', 'info', 'debug'] as const
export type LogLevel = (typeof LEVELS)[number]

/** Where events go, and what is said with each. */
export interface LogSettings {
  /** Undefined: nowhere; only warnings go to stderr. */
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

/** Tells the operator, on stderr too, of something that did not go wrong, but is good to know. */
export function warn(text: string): void {
  if (isWanted('warning')) tell(text)
  note('warning', text, () => ({}))
}

/**
 * Notes an event in the log file.
 * @param fields what was decided, or how it went; only asked for where it is written
 */
export function note(level: LogLevel, event: string, fields: () => object): void {
  const { file, context } = settings
  if (file === undefined || !isWanted(level)) return
  const line = { time: new Date().toISOString(), level, event, ...context(), ...fields() }
  try {
    appendFileSync(file, `${JSON.stringify(line)}\n`, { mode: 0o600 })
  } catch (error) {
    settings = { ...settings, file: undefined }
    tell(`cannot log to ${file}: ${(error as Error).message}`)
  }
}

/** A line for the log that another program is to write, without its time and braces. */
export interface PreparedLine {
  file: string
  members: string
}

/**
 * Prepares what is noted later, when this process is no more.
 * @returns undefined where it would not be written
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

/** A device that is lent must not be taken back because nobody could be told a detail. */
function tell(text: string): void {
  try {
    printAbout(`host-device-l3: ${text}`)
  } catch {
    // There is nobody left to tell.
  }
}
