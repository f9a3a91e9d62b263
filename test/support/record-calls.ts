import { appendFileSync } from 'node:fs'
import { basename } from 'node:path'
import { expect } from 'vitest'
import { DIRECTORY } from './artefacts.js'

/** A call of an artefact, and how it ended. */
interface Call {
  artefactPath: string
  command: string
  variables: Record<string, string | undefined>
  input: string | Uint8Array
  /** Only these members are read: its `document` may be none. */
  outcome: { exitCode: number | undefined; stdout: string; stderr: string }
}

/**
 * What is another in each run becomes a placeholder, so that two runs can be compared. Addresses
 * that a test gives a device, 02:00:..., stay.
 */
const PLACEHOLDERS: [RegExp | string, string][] = [
  [DIRECTORY, 'DIST'],
  [/\/tmp\/hdl3-state-\w{6}/g, 'STATE'],
  [/\/tmp\/hdl3-ipam-\w{6}/g, 'IPAM'],
  [/hdl3-\d+-\d+/g, 'TESTBED'],
  [/\b(?!02:00:)([0-9a-f]{2}:){5}[0-9a-f]{2}\b/gi, 'MAC'],
  [/\b(?!02-00-)([0-9a-f]{2}-){5}[0-9a-f]{2}\b/gi, 'MAC'],
  [/fe80::[0-9a-f]+:[0-9a-f]{0,2}ff:fe[0-9a-f]{2}:[0-9a-f]+/g, 'LINK-LOCAL'],
  [/\bveth[0-9a-f]{8}\b/g, 'VETH'],
  [/\bprocess \d+/g, 'process PID'],
  [/"(index|ifindex|pid)": ?\d+/g, '"$1":NUMBER'],
  [/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME'],
  [/"(valid|preferred)Seconds": ?\d+/g, '"$1Seconds":SECONDS'],
  [/\bafter \d+(\.\d+)? s\b/g, 'after SECONDS'],
  [/net:\[\d+\]/g, 'net:[INODE]'],
]

/**
 * With the variable RECORD_CALLS, adds a line of JSON to the file it names: compare-calls.mjs
 * compares two such files. Tests that run concurrently within a file cannot be told apart.
 */
export function recordCall({ artefactPath, input, ...call }: Call): void {
  const file = process.env.RECORD_CALLS
  if (file === undefined) return
  const { testPath = '', currentTestName = '' } = expect.getState()
  const { command, variables, outcome } = call
  const { exitCode, stdout, stderr } = outcome
  const { PATH: _, ...others } = variables
  const line = {
    file: basename(testPath),
    test: currentTestName,
    artefact: basename(artefactPath),
    command: normalized(command),
    variables: mapped(others),
    stdin: normalized(Buffer.from(input).toString()),
    exitCode,
    stdout: normalized(stdout),
    stderr: normalized(stderr),
  }
  appendFileSync(file, `${JSON.stringify(line)}\n`)
}

function mapped(variables: Record<string, string | undefined>) {
  return Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [name, value && normalized(value)]),
  )
}

function normalized(text: string): string {
  return PLACEHOLDERS.reduce((rest, [what, name]) => rest.replaceAll(what, name), text)
}
