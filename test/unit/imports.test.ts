import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const SOURCE = fileURLToPath(new URL('../../src', import.meta.url))
const ARCHITECTURE = new URL('../../docs/architecture.md', import.meta.url)

const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
)

/** The files of src that a file imports, in whatever way. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(SOURCE, file), 'utf8')
  return [...text.matchAll(/(?:from|import\() ?'(\.[^']*)\.js'/g)]
    .map(([, path = '']) => relative(SOURCE, normalize(join(SOURCE, dirname(file), `${path}.ts`))))
    .filter((path) => !path.startsWith('..'))
}

/** Empty for the files beside main.ts, which are for all folders. */
const folderOf = (file: string) => (file.includes('/') ? (file.split('/')[0] ?? '') : '')

/** The folders in the order of docs/architecture.md. */
const folders = [...readFileSync(ARCHITECTURE, 'utf8').matchAll(/^ {6}([a-z]+)\/ /gm)].map(
  ([, name = '']) => name,
)

describe('the imports of src', () => {
  it('are of folders that docs/architecture.md lists', () => {
    expect(new Set(files.map(folderOf))).toEqual(new Set(['', ...folders]))
  })

  // What replaces modules in the executable has their types from where they are.
  const layered = files.filter((file) => folderOf(file) !== 'executable')

  it.each(layered)('%s imports nothing from a folder above its own', (file) => {
    const own = folders.indexOf(folderOf(file))
    const above = importsOf(file).filter((path) => {
      const folder = folders.indexOf(folderOf(path))
      return own !== -1 && folder !== -1 && folder < own
    })
    expect(above).toEqual([])
  })

  it.each(files.filter((file) => /^(cni|kernel)\//.test(file)))(
    '%s is apart from the other side',
    (file) => {
      const other = file.startsWith('cni/') ? 'kernel' : 'cni'
      expect(importsOf(file).map(folderOf)).not.toContain(other)
    },
  )

  it('have no cycle but of types', () => {
    const graph = new Map(files.map((file) => [file, valueImportsOf(file)]))
    const cycles = files.filter((file) => reaches(graph, file, file))
    expect(cycles).toEqual([])
  })
})

describe('docs/architecture.md', () => {
  it('names only files that there are', () => {
    const named = [...readFileSync(ARCHITECTURE, 'utf8').matchAll(/`([\w/.-]+\/[\w-]+\.[a-z]+)`/g)]
    const paths = named.map(([, path = '']) => path).filter((path) => !path.includes('NAME'))
    const isThere = (path: string) =>
      [SOURCE, join(SOURCE, '..')].some((above) => existsSync(join(above, path)))
    expect(paths.filter((path) => !isThere(path))).toEqual([])
    expect(paths.length).toBeGreaterThan(50)
  })
})

/** Without imports of types alone, which are gone when the code runs. */
function valueImportsOf(file: string): string[] {
  const text = readFileSync(join(SOURCE, file), 'utf8').replaceAll(/^import type .*?'$/gms, '')
  return [...text.matchAll(/from '(\.[^']*)\.js'/g)]
    .map(([, path = '']) => relative(SOURCE, normalize(join(SOURCE, dirname(file), `${path}.ts`))))
    .filter((path) => !path.startsWith('..'))
}

function reaches(graph: Map<string, string[]>, from: string, goal: string): boolean {
  const seen = new Set<string>()
  const pending = [...(graph.get(from) ?? [])]
  for (let file = pending.pop(); file !== undefined; file = pending.pop()) {
    if (file === goal) return true
    if (seen.has(file)) continue
    seen.add(file)
    pending.push(...(graph.get(file) ?? []))
  }
  return false
}

it('the "type" of this plugin is compared with one constant', () => {
  const literal = /=== 'host-device-l3'|type: 'host-device-l3'/
  expect(files.filter((file) => literal.test(readFileSync(join(SOURCE, file), 'utf8')))).toEqual([])
})
