import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CONFIGURATION_DEFAULTS } from '../../src/cni/configuration-defaults.js'
import { ARTEFACTS } from '../support/artefacts.js'
import { runCommandLine } from '../support/plugin.js'
import { runSync } from '../support/run-sync.js'
import { Testbed } from '../support/testbed.js'

const SERVICE = 'systemd/host-device-l3-repair.service'
const TIMER = 'systemd/host-device-l3-repair.timer'
const RULES = 'systemd/90-host-device-l3-repair.rules'

const settingIn = (file: string, key: string) =>
  new RegExp(`^${key}=(.*)$`, 'm').exec(readFileSync(file, 'utf8'))?.[1]

describe('the examples for systemd and udev', () => {
  let testbed: Testbed
  beforeAll(() => {
    testbed = new Testbed()
  })
  afterAll(() => testbed[Symbol.dispose]())

  it.each(ARTEFACTS)('call what there is: $artefact', ({ path }) => {
    const [program, ...words] = settingIn(SERVICE, 'ExecStart')?.split(' ') ?? []
    expect(program).toBe('/opt/cni/bin/host-device-l3')
    const outcome = runCommandLine(testbed, path, [
      ...words,
      ...['--state-dir', testbed.stateDirectory],
    ])
    expect(outcome).toEqual({ exitCode: 0, stdout: 'nothing is lent', stderr: '' })
  })

  it('belong together', () => {
    const service = SERVICE.split('/').at(-1)
    expect(TIMER.replace('.timer', '.service')).toBe(SERVICE)
    expect(readFileSync(RULES, 'utf8')).toContain(`ENV{SYSTEMD_WANTS}+="${service}"`)
  })

  it('ask for what ExecStart needs: the program, and the directory of the records', () => {
    expect(settingIn(SERVICE, 'ConditionFileIsExecutable')).toBe(
      settingIn(SERVICE, 'ExecStart')?.split(' ')[0],
    )
    expect(settingIn(SERVICE, 'ConditionPathExists')).toBe(CONFIGURATION_DEFAULTS.stateDir)
  })

  it('have another program and another directory by the drop-in of docs/repair.md', () => {
    const [dropIn = ''] =
      /^\[Unit\]\n[\s\S]*?^ExecStart=\/.*$/m.exec(
        readFileSync('docs/repair.md', 'utf8').replace(/^ {4,6}/gm, ''),
      ) ?? []
    const of = (key: string) =>
      [...dropIn.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value]) => value)
    const [, program] = of('ConditionFileIsExecutable')
    const [, directory] = of('ConditionPathExists')
    expect(of('ExecStart')).toEqual(['', `${program} repair --all --state-dir ${directory}`])
    for (const key of ['ConditionFileIsExecutable', 'ConditionPathExists'])
      expect(of(key)[0], 'an empty one takes away that of the service').toBe('')
  })

  it('are understood by systemd', () => {
    const { stderr, exitCode } = runSync('systemd-analyze', ['verify', SERVICE, TIMER], {
      reject: false,
    })
    const about = stderr.split('\n').filter((line) => line.includes('host-device-l3-repair'))
    // The program is installed nowhere here.
    const faults = about.filter((line) => !line.includes('is not executable'))
    expect({ faults, exitCode: faults.length === 0 ? 0 : exitCode }).toEqual({
      faults: [],
      exitCode: 0,
    })
  })

  it('have rules of udev, each on one line', () => {
    const rules = readFileSync(RULES, 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
    const part = /^[A-Z]+(\{\w+\})?(==|\+=|=)"[^"]*"$/
    expect(rules).toHaveLength(1)
    for (const rule of rules) for (const one of rule.split(', ')) expect(one).toMatch(part)
  })
})
