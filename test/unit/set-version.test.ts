import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readManifests } from '../support/manifests.js'
import { runSync } from '../support/run-sync.js'

const PROGRAM = resolve('tools/set-version.mjs')
const FILES = ['package.json', 'package-lock.json', 'CHANGELOG.md', 'deploy']

/** The kinds of changes that Keep a Changelog has, in its order. */
const KINDS = ['Added', 'Changed', 'Deprecated', 'Removed', 'Fixed', 'Security']

describe('a new version', () => {
  let directory: string
  const read = (file: string) => readFileSync(`${directory}/${file}`, 'utf8')
  const setVersion = (version: string) =>
    runSync('node', [PROGRAM, version], {
      cwd: directory,
      env: { SOURCE_DATE_EPOCH: '1800000000' },
      reject: false,
    })

  beforeEach(() => {
    directory = mkdtempSync(`${tmpdir()}/hdl3-version-`)
    for (const file of FILES) cpSync(file, `${directory}/${file}`, { recursive: true })
  })
  afterEach(() => rmSync(directory, { recursive: true }))

  it('is the same everywhere, and the changelog has its section', () => {
    const changes = read('CHANGELOG.md').split('## Unreleased\n')[1]
    expect(setVersion('7.8.9')).toMatchObject({ exitCode: 0 })
    expect(JSON.parse(read('package.json')).version).toBe('7.8.9')
    expect(JSON.parse(read('package-lock.json')).packages[''].version).toBe('7.8.9')
    const [chart] = readManifests(`${directory}/deploy/chart/Chart.yaml`)
    expect(chart).toMatchObject({ version: '7.8.9', appVersion: '7.8.9' })
    for (const name of ['kustomize', 'uninstall']) {
      const [kustomization] = readManifests(`${directory}/deploy/${name}/kustomization.yaml`)
      expect(kustomization?.images).toMatchObject([{ newTag: '7.8.9' }])
    }
    expect(read('CHANGELOG.md')).toContain(`## Unreleased\n\n## [7.8.9] - 2027-01-15\n${changes}`)
    const once = read('CHANGELOG.md')
    expect(setVersion('7.8.9')).toMatchObject({ exitCode: 0 })
    expect(read('CHANGELOG.md')).toBe(once)
  })

  it.each(['', '1', 'v1.2.3', '1.2.3 4'])('is not %s', (version) => {
    expect(setVersion(version)).toMatchObject({ exitCode: 1 })
    expect(read('package.json')).toBe(readFileSync('package.json', 'utf8'))
  })
})

describe('CHANGELOG.md', () => {
  const text = readFileSync('CHANGELOG.md', 'utf8')

  it('has the form of Keep a Changelog', () => {
    const titles = [...text.matchAll(/^## (.*)$/gm)].map(([, title]) => title)
    expect(titles[0]).toBe('Unreleased')
    for (const title of titles.slice(1))
      expect(title).toMatch(/^\[\d+\.\d+\.\d+\S*\] - \d{4}-\d\d-\d\d$/)
    for (const [, kind] of text.matchAll(/^### (.*)$/gm)) expect(KINDS).toContain(kind)
  })
})
