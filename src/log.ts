import { constants, writeFileSync } from 'node:fs'
import { bounded } from './bounded.js'
import { openRegular, trustedPath } from './kernel/trusted-path.js'
import { printable } from './printable.js'
import { printWarning } from './stdio.js'

const LEVELS = ['error', 'warning', 'info', 'debug'] as const
export type LogLevel = (typeof LEVELS)[number]

/** The log file, the lowest level written to it, and the fields added to every line. */
export interface LogSettings {
  /** Undefined: there is no log file. Warnings still go to stderr. */
  file?: string | undefined
  level: LogLevel
  /** Fields that identify the call: its command, network, container, interface and pod. */
  context: () => Record<string, string>
}

let settings: LogSettings = { level: 'warning', context: () => ({}) }

/** Sets the log of this process. Called once the configuration is known. */
export function openLog(wanted: LogSettings): void {
  settings = wanted
}

/** The log file, once there was a line for it. It stays open until the process ends. */
let opened: number | undefined

/** What becomes of a warning. */
let show: (text: string) => void = tell

/**
 * From now on, warnings are not printed but collected, for a command that says what a call would
 * warn of.
 * @returns a list to which each is added
 */
export function collectWarnings(): string[] {
  const collected: string[] = []
  show = (text) => collected.push(text)
  return collected
}

/** Logs a warning and prints it to stderr. Nothing failed, but the operator should know. */
export function warn(text: string): void {
  if (isWanted('warning')) show(text)
  note('warning', text, () => ({}))
}

/** Warns of each, or of the first of them and how many more there are. */
export function warnOfEach(texts: string[]): void {
  for (const text of bounded(texts)) warn(text)
}

/**
 * Writes an event to the log file.
 * @param fields further members of the line; called only if the line is written
 */
export function note(level: LogLevel, event: string, fields: () => object): void {
  const { file, context } = settings
  if (file === undefined || !isLogged(level)) return
  const line = { time: new Date().toISOString(), level, event, ...context(), ...fields() }
  orNoLog(file, () => {
    const { O_APPEND, O_CREAT, O_WRONLY } = constants
    opened ??= openRegular(trustedFile(file), O_WRONLY | O_APPEND | O_CREAT, false)
    writeFileSync(opened, `${encode(line)}\n`)
  })
}

/** Whether events of a level are written to a log file. */
export function isLogged(level: LogLevel): boolean {
  return settings.file !== undefined && isWanted(level)
}

/** A log line that another program writes later: JSON members, without the time and the braces. */
export interface PreparedLine {
  file: string
  members: string
}

/**
 * Prepares a log line for a program that outlives this process.
 * @returns undefined if there is no log file or it does not take this level
 */
export function prepareNote(
  level: LogLevel,
  event: string,
  fields: object,
): PreparedLine | undefined {
  const { file, context } = settings
  if (file === undefined || !isLogged(level)) return undefined
  const trusted = orNoLog(file, () => trustedFile(file))
  if (trusted === undefined) return undefined
  const members = encode({ level, event, ...context(), ...fields }).slice(1, -1)
  return { file: trusted, members }
}

/** Others may write to the log file's directory, if other logs are there; their links lead nowhere. */
function trustedFile(file: string): string {
  const name = file.lastIndexOf('/')
  return trustedPath(file.slice(0, name), false).resolved + file.slice(name)
}

/** Runs `work`. A failure is a warning, and the end of the log. */
function orNoLog<T>(file: string, work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    settings = { ...settings, file: undefined }
    tell(`cannot log to ${file}: ${(error as Error).message}`)
    return undefined
  }
}

/** Escapes what a terminal would obey: an operator's pager may show the file as it is. */
function encode(line: object): string {
  return JSON.stringify(line, (_, value) => (typeof value === 'string' ? printable(value) : value))
}

function isWanted(level: LogLevel): boolean {
  return LEVELS.indexOf(level) <= LEVELS.indexOf(settings.level)
}

/** A closed stderr must not make an ADD fail after it has moved its device. */
function tell(text: string): void {
  try {
    // One line, whatever name is in it.
    printWarning(`host-device-l3: ${text.replaceAll('\n', '\\n')}`)
  } catch {
    // stderr is closed.
  }
}
