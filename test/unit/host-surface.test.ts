import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { tmpdir } from 'node:os'
import { basename } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runSync } from '../support/run-sync.js'

const PROGRAM = 'test/support/host-program.ts'

interface Host {
  surface: Record<string, string[]>
  behaviour: unknown[]
}

/** What of a file is code, roughly: comments and the contents of texts are no use of anything. */
function codeOf(path: string): string {
  return readFileSync(path, 'utf8')
    .replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
    .replace(/'(?!node:)[^'\n]*'/g, "''")
}

/** The executable's modules before they are compiled. */
const MODULES = 'build/executable/dist-host-device-l3/modules'

/** What the executable is made of in TypeScript, but for what the host has in its place. */
function sources(): string[] {
  return readdirSync('src', { recursive: true, encoding: 'utf8' })
    .map((name) => `src/${name}`)
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))
    .filter((path) => !existsSync(`src/executable/${basename(path)}`))
}

describe('the host of the executable', () => {
  const directory = mkdtempSync(`${tmpdir()}/hdl3-host-`)
  let node: Host
  let host: Host
  const run = (...words: string[]): Host => {
    const own = `${directory}/files`
    mkdirSync(own)
    const { stdout } = runSync(words[0] ?? '', [...words.slice(1), own], {
      env: { GREETING: 'Grüß Gott = hello' },
    })
    rmSync(own, { recursive: true })
    return JSON.parse(stdout)
  }

  beforeAll(async () => {
    const outfile = `${directory}/program.mjs`
    await build({ entryPoints: [PROGRAM], bundle: true, platform: 'node', format: 'esm', outfile })
    node = run(process.execPath, outfile)
    host = run('build/host-program')
  })
  afterAll(() => rmSync(directory, { recursive: true }))

  it.each(sources())('has the modules and globals of %s', (path) => {
    const code = codeOf(path)
    const imports = [...code.matchAll(/^import (?!type)(.*?) from '(node:[^']+)'/gms)]
    const missing: string[] = []
    const used: string[] = []
    for (const [, names = '', module = ''] of imports) {
      expect(names, 'only names are imported, for this test to see them').toMatch(/^\{[^}]*\}$/)
      const imported = names.match(/\w+/g) ?? []
      used.push(...imported)
      missing.push(...imported.filter((name) => !host.surface[module]?.includes(name)))
    }
    const membersOf = (object: string) =>
      [...code.matchAll(new RegExp(`(?<![.\\w])${object}\\??\\.(\\w+)`, 'g'))].map(
        ([, name]) => name,
      )
    const mustHave = (object: string, offered: string[] = []) =>
      missing.push(
        ...membersOf(object)
          .filter((name) => name && !offered.includes(name))
          .map((name) => `${object}.${name}`),
      )
    mustHave('Buffer', host.surface.Buffer)
    if (!/\bconst process\b|\bprocess: string/.test(code)) mustHave('process', host.surface.process)
    mustHave('constants', host.surface['node:fs constants'])
    const declared =
      /^(?:export )?(?:import (?:type )?|interface |type |class |function )([^=('"]*)/gm
    for (const [, names = ''] of code.matchAll(declared)) used.push(...(names.match(/\w+/g) ?? []))
    const globals = new Set([...(node.surface.globals ?? []), 'require'])
    for (const [name] of code.matchAll(/(?<![.\w#'-])[A-Za-z]\w*(?!\w|\??:|')/g))
      if (globals.has(name) && !used.includes(name) && !host.surface.globals?.includes(name))
        missing.push(name)
    expect(missing).toEqual([])
  })

  // Those for fractions are named by the codec, too, but no message of ours has any.
  it('has the methods of a Buffer that the netlink codec is compiled to', () => {
    const methods = host.surface['Buffer.prototype'] ?? []
    const code = readdirSync(MODULES).map((name) => readFileSync(`${MODULES}/${name}`, 'utf8'))
    const used = [...code.join('\n').matchAll(/\.((?:read|write)(?:Big|U?Int)\w+)/g)]
    expect(used.length).toBeGreaterThan(10)
    expect(used.map(([, name]) => name).filter((name) => name && !methods.includes(name))).toEqual(
      [],
    )
  })

  it('has the functions of Math that are used', () => {
    const absent = readFileSync('src/executable/math.c', 'utf8').matchAll(/^ABSENT\w*\((\w+)\)/gm)
    const names = [...absent].map(([, name = '']) => name)
    expect(names).toContain('sin')
    const code = readdirSync(MODULES).map((name) => readFileSync(`${MODULES}/${name}`, 'utf8'))
    const used = [...code.join('\n').matchAll(/\bMath\b(?:\.(\w+))?/g)].map(([, name]) => name)
    expect(used).toContain('max')
    expect(used.filter((name) => name === undefined || names.includes(name))).toEqual([])
  })

  it('has what is used of Unicode', () => {
    const code = readdirSync(MODULES).map((name) => readFileSync(`${MODULES}/${name}`, 'utf8'))
    const used = code.join('\n')
    expect(used).toContain('\\p{White_Space}')
    const absent =
      /\.normalize\b|\blocaleCompare\b|\\p\{(?:Script|sc|RGI_|Basic_Emoji|Emoji_Keycap)/
    expect(used.match(absent)).toBeNull()
  })

  it('offers no module that Node does not have', () => {
    for (const name of Object.keys(host.surface).filter((key) => /^node:\S+$/.test(key)))
      expect(builtinModules).toContain(name.replace('node:', ''))
  })

  it('behaves as Node', () => {
    expect(host.behaviour).toEqual(node.behaviour)
  })
})
