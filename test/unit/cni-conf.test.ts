import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readConfiguration } from '../../src/cni/configuration.js'
import { mistakesIn } from '../../src/cni/mistakes.js'
import { decodeNetwork } from '../../src/cni/network.js'
import { requireSupportedVersion } from '../../src/cni/version.js'
import { answerCommandLine } from '../../src/commands/line/command-line.js'
import { EXAMPLES, readExample } from '../support/examples.js'

const directory = new URL('../../cni-conf/', import.meta.url)

/** What tells a runtime to call the plugin as a hook. */
const isHook = (file: string) => /hooks?\.json$/.test(file)

const all = readdirSync(directory, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) =>
    `${entry.parentPath}/${entry.name}`.replace(directory.pathname, '').replace(/^\//, ''),
  )
const page = readFileSync(new URL('README.md', directory), 'utf8')

/** The configurations in a file, as each plugin would get them. */
function configurationsIn(file: string): string[] {
  const { cniVersion, name, plugins } = readExample(file)
  return plugins.map((plugin) => JSON.stringify({ ...plugin, cniVersion, name }))
}

describe('the configurations to copy', () => {
  it.each(EXAMPLES)('%s is right', async (file) => {
    const networks = await Promise.all(configurationsIn(file).map(decodeNetwork))
    const own = networks.filter(({ type }) => type === 'host-device-l3')
    expect(own).not.toEqual([])
    for (const network of own) {
      expect(requireSupportedVersion(network.cniVersion, 'ADD')).toBe(network.cniVersion)
      const mistakes = mistakesIn(network).filter(
        ({ text }) => !text.includes('the runtime gave no'),
      )
      expect(mistakes).toEqual([])
      const { device, mode, capabilities, gvisor } = readConfiguration(network)
      // Who names no device has it from an earlier stage, or from the runtime, or needs none.
      const hasDevice = [device === 'eth1', mode === 'apply', capabilities !== undefined]
      expect([...hasDevice, gvisor !== false]).toContain(true)
    }
  })

  it.each(all.filter(isHook))('%s has a hook call what the command line knows', async (file) => {
    const { hook, hooks } = JSON.parse(readFileSync(new URL(file, directory), 'utf8'))
    const { path, args } = hook ?? hooks.poststart[0]
    expect(path).toBe('/opt/cni/bin/host-device-l3')
    const answer = await answerCommandLine(args.slice(1), () => '{}')
    expect(answer).toMatchObject({
      kind: 'message',
      text: expect.stringContaining('the OCI state has no running process in it'),
      failed: true,
    })
  })

  it('are each used in a test that runs, or a hook', () => {
    const used = [...EXAMPLES, ...all.filter(isHook), 'README.md']
    expect(all.toSorted()).toEqual(used.toSorted())
  })

  it('are each in the table of README.md, and no other', () => {
    const rows = page.split('\n').filter((line) => line.startsWith('| '))
    const named = rows.flatMap((row) => [...row.matchAll(/\]\(([^)]*)\)/g)].map(([, to]) => to))
    const files = named.filter((to) => !to?.startsWith('..'))
    expect(files.toSorted()).toEqual(all.filter((file) => file !== 'README.md').toSorted())
  })

  it('leave no link of README.md without a file', () => {
    const links = [...page.matchAll(/\]\(([^)#]*)/g)].map(([, to = '']) => to)
    expect(links.filter((to) => !existsSync(new URL(to, directory)))).toEqual([])
  })

  it('are begun with the one that the README of the project has', () => {
    const readme = readFileSync(new URL('../README.md', directory), 'utf8')
    const [, text = ''] = /10-host-device-l3\.conflist\)\):\n\n((?: {4}.*\n)+)/.exec(readme) ?? []
    expect(JSON.parse(text)).toEqual(readExample('10-host-device-l3.conflist'))
  })
})
