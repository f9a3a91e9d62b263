import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { runSync } from '../support/run-sync.js'

/** Both artefacts say the same; test/unit/command-line.test.ts has what they say. */
describe.each(ARTEFACTS)('$artefact', ({ path }) => {
  const run = (words: string) => runSync(path, words.split(' '), { reject: false })

  it.each([
    ['--help', 'host-device-l3 COMMAND --help'],
    ['validate cni-conf/10-host-device-l3.conflist', 'nothing is wrong'],
    ['validate cni-conf/multus-attachment.yaml', 'nothing is wrong'],
    ['explain --help', 'usage: host-device-l3 explain [DEVICE]'],
    ['--version', /^\d+\.\d+\.\d+( \(QuickJS-ng \d+\.\d+\.\d+\))?$/],
  ])('%s is answered on stdout', (words, expected) => {
    const { exitCode, stdout, stderr } = run(words)
    expect(exitCode).toBe(0)
    expect(stderr).toBe('')
    expect(stdout).toMatch(expected)
  })

  it('validate fails with what is wrong, on stdout', () => {
    const { exitCode, stdout } = run('validate package.json')
    expect(exitCode).toBe(1)
    expect(stdout).toContain('"type" must be "host-device-l3", the name of this plugin')
  })

  it.each([
    ['is no YAML', 'spec:\n\tconfig: x\n', '2:1: tab characters must not be used in indentation'],
    [
      'has a text in base64',
      'config: !!binary e30=\n',
      '1:9: unknown scalar tag !<tag:yaml.org,2002:binary>',
    ],
  ])('validate says where a file %s', (_, text, complaint) => {
    const directory = mkdtempSync(`${tmpdir()}/hdl3-yaml-`)
    try {
      const file = `${directory}/network.yaml`
      writeFileSync(file, text)
      const { exitCode, stdout } = runSync(path, ['validate', file], { reject: false })
      expect(exitCode).toBe(1)
      expect(stdout).toBe(`${file}:${complaint}`)
    } finally {
      rmSync(directory, { recursive: true })
    }
  })

  it.each([
    ['explain', 'explain needs a DEVICE'],
    ['explan', 'is "explain" meant?'],
    ['--nothing', 'there is no option "--nothing"'],
    ['explain eth1 --cofnig=x', 'is --config meant?'],
  ])('%s fails with words on stderr and nothing on stdout', (words, message) => {
    const { exitCode, stdout, stderr } = run(words)
    expect(exitCode).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).toContain(message)
  })
})
