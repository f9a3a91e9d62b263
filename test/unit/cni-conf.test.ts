import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readConfiguration } from '../../src/cni/configuration.js'
import { decodeNetwork } from '../../src/cni/network.js'
import { requireSupportedVersion } from '../../src/cni/version.js'

const directory = new URL('../../cni-conf/', import.meta.url)

/** The configurations in a file, as the plugin would get them. */
function configurationsIn(file: string): string[] {
  const text = readFileSync(new URL(file, directory), 'utf8')
  if (file.endsWith('.yaml')) return [text.slice(text.indexOf('{'))]
  const { plugins, ...network } = JSON.parse(text)
  if (!plugins) return [text]
  return plugins.map((plugin: object) => JSON.stringify({ ...network, ...plugin }))
}

describe('the configurations to copy', () => {
  it.each(readdirSync(directory))('%s is right', (file) => {
    const configurations = configurationsIn(file)
    expect(configurations).not.toEqual([])
    for (const text of configurations) {
      const network = decodeNetwork(text)
      expect(network.type).toBe('host-device-l3')
      expect(requireSupportedVersion(network.cniVersion, 'ADD')).toBe(network.cniVersion)
      expect(readConfiguration(network).device).toBe('eth1')
    }
  })
})
