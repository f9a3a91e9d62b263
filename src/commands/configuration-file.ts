import { closeSync, constants, fstatSync, openSync } from 'node:fs'
import { canonicalKeys, isObject, parseShallow, spelledAsDocumented } from '../cni/network.js'
import { LATEST_VERSION } from '../cni/version.js'
import { readAll } from '../stdio.js'

/**
 * Reads a file that an operator names, or a pipe, as text.
 * @throws the system's error; Error if it is longer than stdin may be, or a pipe without data
 */
export function readFile(file: string): string {
  // O_NONBLOCK: the open of a pipe would wait for a writer.
  const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const text = readAll(fd)
    if (text !== '' || fstatSync(fd).isFile()) return text
  } finally {
    closeSync(fd)
  }
  throw new Error('it is no file, and has no data')
}

/** The "type" of this plugin in a configuration, which is the name of its file. */
export const OWN_TYPE = 'host-device-l3'

/**
 * The text of a file.
 * @throws Error that names the file and has the system's word
 */
export function readText(file: string): string {
  try {
    return readFile(file)
  } catch (error) {
    throw new Error(`cannot read the configuration ${file}: ${(error as Error).message}`)
  }
}

/** A configuration as it was written. */
export interface WrittenFile {
  text: string
  /** What it decodes to; undefined for what ADD would not decode. */
  network: unknown
}

/**
 * Reads and decodes a file, each once.
 * @throws Error that names the file and has the system's word
 */
export function readWritten(file: string): WrittenFile {
  const text = readText(file)
  return { text, network: decode(text) }
}

/** The plugins of a list, or the only one, with their keys as documented. */
export function pluginsIn({ network }: WrittenFile): Record<string, unknown>[] {
  if (!isObject(network)) return []
  const { plugins = [network] } = canonicalKeys(network, ['plugins'])
  return Array.isArray(plugins) ? plugins.filter(isObject).map(spelledAsDocumented) : []
}

/** What ADD is asked for if no file says. */
const DEFAULTS = { cniVersion: LATEST_VERSION, name: 'explain', type: OWN_TYPE }

/** The keys besides `device` that select a device. */
const SELECTORS = ['hwaddr', 'kernelpath', 'pciBusID'] as const

/**
 * What a runtime gives the plugin on stdin for a configuration: of a list, this plugin's entry with
 * the name and the version of the list. What is no configuration stays as it is: ADD says what it is.
 * @param file undefined for the defaults
 * @param device selects it, in place of what the file selects
 * @throws Error for a list without such an entry
 */
export function inputFor(file: WrittenFile | undefined, device: string | undefined): string {
  const written = file === undefined ? DEFAULTS : file.network
  if (!isObject(written)) return file?.text ?? ''
  const { plugins, name, cniVersion } = canonicalKeys(written, ['plugins', 'name', 'cniVersion'])
  if (plugins === undefined) return JSON.stringify(withDevice(written, device))
  const entry = ownPart(written)
  if (entry === written)
    throw new Error('no entry of "plugins" in the list has the "type" host-device-l3')
  return JSON.stringify(withDevice({ ...entry, name, cniVersion }, device))
}

function withDevice(network: Record<string, unknown>, device: string | undefined): object {
  if (device === undefined) return network
  const spelled = spelledAsDocumented(network)
  for (const key of SELECTORS) delete spelled[key]
  const { runtimeConfig } = spelled
  if (isObject(runtimeConfig)) spelled.runtimeConfig = { ...runtimeConfig, deviceID: undefined }
  return { ...spelled, device }
}

/** Undefined for what cannot be decoded: ADD says why. */
function decode(text: string): unknown {
  try {
    return parseShallow(text)
  } catch {
    return undefined
  }
}

/** This plugin's entry in a configuration list. */
function ownPart(network: Record<string, unknown>): Record<string, unknown> {
  const { plugins } = canonicalKeys(network, ['plugins'])
  const entries = Array.isArray(plugins) ? plugins.filter(isObject) : []
  return entries.find((entry) => canonicalKeys(entry, ['type']).type === OWN_TYPE) ?? network
}
