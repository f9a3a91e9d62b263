import { expect } from 'vitest'
import type { SkelCase } from './environment-cases.js'

/** Cases 12 to 14, 17 and 19. */
export const UNREADABLE: SkelCase[] = [
  {
    title: '12. a network name with other characters',
    ...{ command: 'ADD', options: { configuration: { name: 'te%%st' } } },
    error: { code: 7, msg: 'invalid characters found in network name', details: 'te%%st' },
    stock: 'same',
  },
  ...[undefined, ''].map((name) => ({
    title: `13. the network name ${JSON.stringify(name)}`,
    ...{ command: 'ADD', options: { configuration: { name } } },
    error: { code: 7, msg: 'missing network name' },
    stock: 'same' as const,
  })),
  {
    title: '14. an empty stdin',
    ...{ command: 'ADD', options: { input: '' } },
    error: { code: 6, msg: 'error unmarshall network config: unexpected end of JSON input' },
    stock: 'same',
  },
  ...['{', '{"name": "x",}', 'name'].map((input) => ({
    title: `14. ${input} on stdin`,
    ...{ command: 'ADD', options: { input } },
    // After the prefix each engine has its own words.
    error: { code: 6, msg: expect.stringMatching(/^error unmarshall network config: ./) },
    stock: 'same' as const,
  })),
  {
    title: '17. an unknown command',
    ...{ command: 'NOPE', options: {} },
    error: { code: 4, msg: 'unknown CNI_COMMAND: NOPE' },
    stock: 'same',
  },
  {
    title: '17. an unknown command, after the configuration was looked at',
    ...{ command: 'NOPE', options: { configuration: { name: undefined } } },
    error: { code: 7, msg: 'missing network name' },
    stock: 'same',
  },
  {
    title: '19. a directory as stdin',
    ...{ command: 'ADD', options: { wrapper: ['sh', '-c', 'exec "$@" < /', 'sh'] } },
    error: {
      code: 5,
      msg: expect.stringMatching(/^error reading from stdin: .*(is a|on a) directory/),
    },
    stock: 'same',
  },
]

/** Cases 8 to 11 and 15: which version may do what. The stock plugin ends at 1.0.0. */
export const WRONG_VERSIONS: SkelCase[] = [
  {
    title: '8. a version nobody has (ours cannot be made to have only 4.3.2)',
    ...{ command: 'ADD', options: { configuration: { cniVersion: '1.9.0' } } },
    error: {
      code: 1,
      msg: 'incompatible CNI versions',
      details:
        'config is "1.9.0", plugin supports ["0.1.0" "0.2.0" "0.3.0" "0.3.1" "0.4.0" "1.0.0" "1.1.0"]',
    },
    stock: {
      code: 1,
      msg: 'incompatible CNI versions',
      details:
        'config is "1.9.0", plugin supports ["0.1.0" "0.2.0" "0.3.0" "0.3.1" "0.4.0" "1.0.0"]',
    },
  },
  ...['0.1.0', '0.2.0', '0.3.0', '0.3.1'].map((cniVersion) => ({
    title: `9. of ${cniVersion}`,
    ...{ command: 'CHECK', options: { configuration: { cniVersion } } },
    error: {
      ...{ code: 1, msg: 'config version does not allow CHECK' },
      details: `config is "${cniVersion}", CHECK needs "0.4.0"`,
    },
    stock: { code: 1, msg: 'config version does not allow CHECK' },
  })),
  {
    title: '10. newer than the plugin (ours cannot be made to end at 0.3.0)',
    ...{ command: 'CHECK', options: { configuration: { cniVersion: '1.9.0' } } },
    // The code is the library's, the words are those of ADD: they say what would do.
    error: {
      code: 1,
      msg: 'incompatible CNI versions',
      details: expect.stringContaining('config is "1.9.0", plugin supports ["0.1.0" '),
    },
    stock: { code: 1, msg: 'plugin version does not allow CHECK' },
  },
  ...[
    ['adsfsadf', /^failed to convert major version part "adsfsadf": ./],
    ['1.x', /^failed to convert minor version part "x": ./],
    ['1.0.0.0', /^invalid version "1.0.0.0": too many parts$/],
  ].map(([cniVersion, message]) => ({
    title: `11. of the version ${cniVersion}`,
    ...{ command: 'CHECK', options: { configuration: { cniVersion } } },
    error: { code: 6, msg: expect.stringMatching(message ?? '') },
    stock: 'same' as const,
  })),
  ...['ADD', 'DEL'].map((command) => ({
    title: '11. of the version adsfsadf',
    ...{ command, options: { configuration: { cniVersion: 'adsfsadf' } } },
    error: {
      ...{ code: 1, msg: 'incompatible CNI versions' },
      details: expect.stringContaining('config is "adsfsadf"'),
    },
    stock: 'same' as const,
  })),
  ...[5, 0, false, ['1.0.0']].map((cniVersion) => ({
    title: `11. of the version ${JSON.stringify(cniVersion)}, which is no text`,
    ...{ command: 'ADD', options: { configuration: { cniVersion } } },
    error: { code: 6, msg: expect.stringMatching(/^decoding version from network config: ./) },
    stock: 'same' as const,
  })),
  ...['GC', 'STATUS'].flatMap((command) =>
    ['0.3.0', '1.0.0'].map((cniVersion) => ({
      title: `15. of ${cniVersion}`,
      ...{ command, options: { configuration: { cniVersion } } },
      error: {
        ...{ code: 1, msg: `config version does not allow ${command}` },
        details: `config is "${cniVersion}", ${command} needs "1.1.0"`,
      },
    })),
  ),
  ...['GC', 'STATUS'].map((command) => ({
    title: '15. newer than the plugin (ours cannot be made to end at 0.3.0)',
    ...{ command, options: { configuration: { cniVersion: '1.9.0' } } },
    error: {
      code: 1,
      msg: 'incompatible CNI versions',
      details: expect.stringContaining('config is "1.9.0"'),
    },
  })),
]
