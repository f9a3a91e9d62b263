import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { execaSync } from 'execa'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { COMPILED } from '../support/artefacts.js'
import { callPlugin } from '../support/plugin.js'
import { Testbed } from '../support/testbed.js'

const BINDIR = 'opt/cni/bin'

describe('make', () => {
  let root: string
  /** What is built counts as new: this is no test of the build. */
  const make = (target: string, ...variables: string[]) =>
    execaSync('make', ['-o', 'build', target, `DESTDIR=${root}/`, ...variables], { reject: false })

  beforeEach(() => {
    root = mkdtempSync(`${tmpdir()}/hdl3-install-`)
  })
  afterEach(() => rmSync(root, { recursive: true }))

  it('install puts both artefacts and the licence in their places, and nothing else', () => {
    expect(make('install').exitCode).toBe(0)
    expect(readdirSync(`${root}/${BINDIR}`).sort()).toEqual([
      'host-device-l3',
      'host-device-l3.cjs',
    ])
    expect(readFileSync(`${root}/${BINDIR}/host-device-l3`)).toEqual(readFileSync(COMPILED))
    expect(statSync(`${root}/${BINDIR}/host-device-l3.cjs`).mode & 0o777).toBe(0o755)
    expect(existsSync(`${root}/usr/local/share/doc/host-device-l3/LICENSE`)).toBe(true)
  })

  it('install replaces a file that is running, and does not write into it', () => {
    make('install')
    const path = `${root}/${BINDIR}/host-device-l3`
    const { ino } = statSync(path)
    expect(make('install').exitCode).toBe(0)
    expect(statSync(path).ino).not.toBe(ino)
  })

  it('uninstall removes nothing while a device is lent, and says which', () => {
    using testbed = new Testbed()
    make('install')
    const stateDirectory = `STATE_DIR=${testbed.stateDirectory}`
    expect(callPlugin(testbed, COMPILED, 'ADD').exitCode).toBe(0)
    const { exitCode, stdout } = make('uninstall', stateDirectory)
    expect(exitCode).not.toBe(0)
    expect(stdout).toContain('eth1 is lent to container container-1')
    expect(readdirSync(`${root}/${BINDIR}`)).toHaveLength(2)
    expect(callPlugin(testbed, COMPILED, 'DEL').exitCode).toBe(0)
    expect(make('uninstall', stateDirectory).exitCode).toBe(0)
    expect(readdirSync(`${root}/${BINDIR}`)).toEqual([])
  })

  it('help lists every target', () => {
    const { stdout } = make('help')
    const targets = readFileSync('Makefile', 'utf8').matchAll(/^([a-z-]+):(?! [A-Z]+ =)/gm)
    for (const [, target] of targets)
      if (target !== 'vm-set-up') expect(stdout).toMatch(new RegExp(`^  make ${target} +\\S`, 'm'))
  })
})
