import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readConfiguration, unknownKeys } from '../../src/cni/configuration.js'
import { decodeNetwork } from '../../src/cni/network.js'
import { requireSupportedVersion } from '../../src/cni/version.js'

const directory = new URL('../../cni-conf/', import.meta.url)

/** The configurations in a file, as each plugin would get them. */
function configurationsIn(file: string): string[] {
  const text = readFileSync(new URL(file, directory), 'utf8')
  if (file.endsWith('.yaml')) return [text.slice(text.search(/^ *\{/m))]
  const { plugins, ...network } = JSON.parse(text)
  if (!plugins) return [text]
  return plugins.map((plugin: object) => JSON.stringify({ ...network, ...plugin }))
}

describe('the configurations to copy', () => {
  it.each(readdirSync(directory))('%s is right', (file) => {
    const own = configurationsIn(file)
      .map(decodeNetwork)
      .filter(({ type }) => type === 'host-device-l3')
    expect(own).not.toEqual([])
    for (const network of own) {
      expect(requireSupportedVersion(network.cniVersion, 'ADD')).toBe(network.cniVersion)
      expect(unknownKeys(network)).toEqual([])
      const { device, mode, capabilities } = readConfiguration(network)
      // Who names no device has it from an earlier stage, or from the runtime.
      expect([device === 'eth1', mode === 'apply', capabilities !== undefined]).toContain(true)
    }
  })
})
