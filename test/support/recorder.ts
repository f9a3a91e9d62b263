import { existsSync, readFileSync } from 'node:fs'
import { installPlugin } from './other-plugins.js'
import type { Testbed } from './testbed.js'

/** A call that a recorder was given. */
export interface RecordedCall {
  command: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look into configurations of many shapes
  configuration: any
}

/** Installs a plugin that does nothing but note its calls and pass the previous result on. */
export function installRecorder(testbed: Testbed, name: string): void {
  installPlugin(
    testbed,
    name,
    `#!/usr/bin/env node
const { appendFileSync, readFileSync } = require('node:fs')
const configuration = JSON.parse(readFileSync(0, 'utf8'))
const { CNI_COMMAND: command } = process.env
appendFileSync(${JSON.stringify(fileOf(testbed, name))}, JSON.stringify({ command, configuration }) + '\\n')
const { prevResult, cniVersion } = configuration
if (command === 'ADD') console.log(JSON.stringify(prevResult ?? { cniVersion }))
`,
  )
}

/** The calls that a recorder was given, in order. */
export function recordedCalls(testbed: Testbed, name: string): RecordedCall[] {
  const file = fileOf(testbed, name)
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').trim().split('\n')
  return lines.map((line) => JSON.parse(line) as RecordedCall)
}

function fileOf(testbed: Testbed, name: string): string {
  return `${testbed.stateDirectory}/calls-of-${name}`
}
