import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { COMPILED } from '../support/artefacts.js'
import { callPlugin } from '../support/plugin.js'
import { runSync } from '../support/run-sync.js'
import { Testbed } from '../support/testbed.js'

const BINDIR = 'opt/cni/bin'

describe('make', () => {
  let root: string
  /** What is built counts as new: this is no test of the build. */
  const make = (target: string, ...variables: string[]) =>
    runSync('make', ['-o', 'build', target, `DESTDIR=${root}/`, ...variables], { reject: false })

  beforeEach(() => {
    root = mkdtempSync(`${tmpdir()}/hdl3-install-`)
  })
  afterEach(() => rmSync(root, { recursive: true }))

  /** All files below the root. */
  const installed = () =>
    readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => `${parentPath}/${name}`.slice(root.length + 1))
      .sort()

  it('install puts everything in its place, and nothing else', () => {
    expect(make('install').exitCode).toBe(0)
    expect(installed()).toEqual([
      'opt/cni/bin/host-device-l3',
      'opt/cni/bin/host-device-l3.cjs',
      'usr/local/share/bash-completion/completions/host-device-l3',
      'usr/local/share/doc/host-device-l3/LICENSE',
      'usr/local/share/doc/host-device-l3/THIRD-PARTY-NOTICES',
      'usr/local/share/fish/vendor_completions.d/host-device-l3.fish',
      'usr/local/share/host-device-l3/configuration.schema.json',
      'usr/local/share/man/man8/host-device-l3.8',
      'usr/local/share/zsh/site-functions/_host-device-l3',
    ])
    const executable = readFileSync(`${root}/${BINDIR}/host-device-l3`)
    expect(executable.equals(readFileSync(COMPILED))).toBe(true)
    expect(statSync(`${root}/${BINDIR}/host-device-l3.cjs`).mode & 0o777).toBe(0o755)
  })

  it('install replaces a file that is running, and does not write into it', () => {
    make('install')
    const path = `${root}/${BINDIR}/host-device-l3`
    const { ino } = statSync(path)
    expect(make('install').exitCode).toBe(0)
    expect(statSync(path).ino).not.toBe(ino)
  })

  it.each([
    [
      'STATE_DIR',
      (stateDirectory: string) => {
        const networks = `${stateDirectory}/networks`
        mkdirSync(networks)
        return [`STATE_DIR=${stateDirectory}`, `CONF_DIR=${networks}`]
      },
    ],
    [
      'the "stateDir" of a network in CONF_DIR',
      (stateDir: string) => {
        const networks = `${stateDir}/networks`
        mkdirSync(networks)
        const network = { name: 'n', type: 'host-device-l3', device: 'eth1', stateDir }
        writeFileSync(`${networks}/10-n.conf`, JSON.stringify({ cniVersion: '1.0.0', ...network }))
        const others = `${stateDir}/others`
        mkdirSync(others, { mode: 0o700 })
        return [`STATE_DIR=${others}`, `CONF_DIR=${networks}`]
      },
    ],
  ])(
    'uninstall removes nothing while a device is lent by %s, and says which',
    (_, variablesFor) => {
      using testbed = new Testbed()
      make('install')
      const variables = variablesFor(testbed.stateDirectory)
      expect(callPlugin(testbed, COMPILED, 'ADD').exitCode).toBe(0)
      const { exitCode, stderr } = make('uninstall', ...variables)
      expect(exitCode).not.toBe(0)
      expect(stderr).toContain('eth1 is lent to container container-1')
      expect(readdirSync(`${root}/${BINDIR}`)).toHaveLength(2)
      expect(callPlugin(testbed, COMPILED, 'DEL').exitCode).toBe(0)
      expect(make('uninstall', ...variables).exitCode).toBe(0)
      expect(installed()).toEqual([])
    },
  )

  it('uninstall removes the rest where the executable is gone already', () => {
    make('install')
    rmSync(`${root}/${BINDIR}/host-device-l3`)
    expect(make('uninstall').exitCode).toBe(0)
    expect(installed()).toEqual([])
  })

  it('help lists every target', () => {
    const { stdout } = make('help')
    const targets = readFileSync('Makefile', 'utf8').matchAll(/^([a-z-]+):(?! [A-Z]+ =)/gm)
    for (const [, target] of targets)
      if (target !== 'vm-set-up') expect(stdout).toMatch(new RegExp(`^  make ${target} +\\S`, 'm'))
  })
})
