import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { callPlugin } from '../support/plugin.js'
import { ScriptedIpam } from '../support/scripted-ipam.js'
import { Testbed } from '../support/testbed.js'

const DOCUMENT = readFileSync(new URL('../../docs/logs.md', import.meta.url), 'utf8')
const [, RULES = ''] = /^ {4}\/var\/log\/host-device-l3\.log (\{.*?^ {4}\})/ms.exec(DOCUMENT) ?? []

describe.each(ARTEFACTS)('a log that logrotate renames: $artefact', ({ path }) => {
  let testbed: Testbed
  let directory: string
  const call = (command: string, ipam?: ScriptedIpam) =>
    callPlugin(testbed, path, command, {
      configuration: {
        ...{ logFile: `${directory}/log`, logLevel: 'info' },
        ...(ipam ? { ipam: { type: ipam.type } } : {}),
      },
      variables: ipam ? { CNI_PATH: ipam.directory } : {},
    })
  /** The command and event of each line. */
  const lines = (name: string) =>
    readFileSync(`${directory}/${name}`, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
      .map(({ command, event }) => `${command}: ${event}`)
  const files = () =>
    readdirSync(directory)
      .filter((name) => name.startsWith('log'))
      .toSorted()

  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    directory = testbed.stateDirectory
    writeFileSync(`${directory}/rules`, `${directory}/log ${RULES}\n`, { mode: 0o600 })
  })
  afterEach(() => testbed[Symbol.dispose]())

  const rotate = () => `logrotate --force --state ${directory}/rotated ${directory}/rules`

  it('goes on in a new file, with the next call', () => {
    expect(call('ADD').exitCode).toBe(0)
    const before = lines('log')
    testbed.run(testbed.host, rotate())
    expect(files()).toEqual(['log.1'])
    expect(call('DEL').exitCode).toBe(0)
    expect(files()).toEqual(['log', 'log.1'])
    expect(lines('log.1')).toEqual(before)
    expect(lines('log')).toEqual(['DEL: ended the attachment of eth1', 'DEL: DEL is over'])
  })

  it('keeps the lines of a call that runs meanwhile: they go on where they began', () => {
    call('ADD')
    const [record] = testbed.filesIn('attachments')
    call('DEL')
    const before = lines('log')
    writeFileSync(`${directory}/attachments/${record}`, '{', { mode: 0o600 })
    using ipam = new ScriptedIpam({ ADD: `${rotate()} && echo '{}'` })
    expect(call('ADD', ipam).exitCode).toBe(0)
    expect(files()).toEqual(['log.1'])
    expect(lines('log.1').slice(before.length)).toEqual([
      expect.stringMatching(/^ADD: .* is cut off or not ours/),
      `ADD: lent eth1 to sandbox ${testbed.sandboxPath}`,
      'ADD: ADD is over',
    ])
  })

  it('is compressed one rotation later', () => {
    for (const command of ['ADD', 'DEL']) {
      expect(call(command).exitCode).toBe(0)
      testbed.run(testbed.host, rotate())
    }
    expect(files()).toEqual(['log.1', 'log.2.gz'])
  })
})
