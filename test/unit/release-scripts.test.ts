import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runSync } from '../support/run-sync.js'

const KNOWN = `${'0a'.repeat(32)}  a.deb\n`
const OTHER = `${'0b'.repeat(32)}  b.deb\n`

let directory: string
beforeEach(() => {
  directory = mkdtempSync(`${tmpdir()}/hdl3-scripts-`)
  cpSync('tools', `${directory}/tools`, { recursive: true })
})
afterEach(() => rmSync(directory, { recursive: true }))

const run = (words: string[]) =>
  runSync(words[0] ?? '', words.slice(1), { cwd: directory, reject: false, env: STABLE })

/** For git, no configuration and an author. */
const STABLE = {
  SOURCE_DATE_EPOCH: '1800000000',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'a@example.org',
  GIT_COMMITTER_NAME: 'a',
  GIT_COMMITTER_EMAIL: 'a@example.org',
}

describe('tools/release.sh', () => {
  const STOPPED = 'What is downloaded is not known'
  beforeEach(() => {
    for (const name of ['quickjs', 'musl-x64'])
      mkdirSync(`${directory}/build/${name}`, { recursive: true })
    writeFileSync(`${directory}/package.json`, '{\n  "version": "0.0.1",\n}\n')
    writeFileSync(`${directory}/build/quickjs/packages.sha256`, KNOWN)
    writeFileSync(`${directory}/build/musl-x64/packages.sha256`, OTHER)
    writeFileSync(`${directory}/inputs`, KNOWN + OTHER)
  })
  const release = () => run(['tools/release.sh', 'release', 'inputs'])

  // There is nothing else here of what a release is made of.
  it('goes on where every package is known', () => {
    const { stderr, exitCode } = release()
    expect(stderr).not.toContain(STOPPED)
    expect(stderr).toContain('package-lock.json')
    expect(exitCode).not.toBe(0)
  })

  it('stops where one is not known, and names it', () => {
    writeFileSync(`${directory}/inputs`, KNOWN)
    const { stdout, stderr, exitCode } = release()
    expect(stdout).toContain(OTHER.trim())
    expect(stderr).toContain(STOPPED)
    expect(exitCode).toBe(1)
  })

  it('stops where it is not known which packages are known', () => {
    rmSync(`${directory}/inputs`)
    const { stderr, exitCode } = release()
    expect(stderr).toContain(STOPPED)
    expect(exitCode).toBe(1)
  })

  it('stops where it is not known what was downloaded', () => {
    rmSync(`${directory}/build/quickjs/packages.sha256`)
    const { stderr, exitCode } = release()
    expect(stderr).toContain('quickjs/packages.sha256')
    expect(stderr).not.toContain('package-lock.json')
    expect(exitCode).not.toBe(0)
  })
})

describe('tools/reproduce.sh', () => {
  beforeEach(() => {
    writeFileSync(
      `${directory}/Makefile`,
      'release:\n\tmkdir release\n\techo made >release/SHA256SUMS\n',
    )
    run(['git', 'init', '-q'])
    run(['git', 'add', '.'])
    run(['git', 'commit', '-q', '-m', 'first'])
  })

  it('makes a release twice, and prints its sums', () => {
    expect(run(['tools/reproduce.sh'])).toMatchObject({ stdout: 'made', exitCode: 0 })
  })

  it('fails where two differ', () => {
    writeFileSync(`${directory}/Makefile`, 'release:\n\tmkdir release\n\tpwd >release/SHA256SUMS\n')
    run(['git', 'commit', '-q', '-a', '-m', 'second'])
    expect(run(['tools/reproduce.sh']).exitCode).toBe(1)
  })

  it.each([
    { text: 'made\n', exitCode: 0 },
    { text: 'published\n', exitCode: 1 },
  ])('compares with a release that is there already: $text', ({ text, exitCode }) => {
    mkdirSync(`${directory}/release`)
    writeFileSync(`${directory}/release/SHA256SUMS`, text)
    expect(run(['tools/reproduce.sh', 'release']).exitCode).toBe(exitCode)
  })
})
