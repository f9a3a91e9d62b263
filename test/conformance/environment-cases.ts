import type { CallOptions } from '../support/plugin.js'

/** A call of the CNI library's own tests, and its answer. */
export interface SkelCase {
  title: string
  command: string
  options: CallOptions
  /** The whole error document, without its cniVersion; undefined where the call is accepted. */
  error?: { code: number; msg: unknown; details?: unknown }
  /**
   * Debian's stock plugin has an older library. Whether it answers the same, or what
   * it answers; left out where it knows nothing of the matter.
   */
  stock?: 'same' | { code: number; msg: unknown; details?: unknown }
}

const environmentError = (msg: string, details?: string) => ({
  code: 4,
  msg,
  ...(details === undefined ? {} : { details }),
})
const missing = (names: string) => environmentError(`required env variables [${names}] missing`)
const variable = (name: string, value: string | undefined) => ({ variables: { [name]: value } })
const ATTACHMENT_COMMANDS = ['ADD', 'CHECK', 'DEL']

/** Cases 1 to 4. */
export const WRONG_VALUES: SkelCase[] = ATTACHMENT_COMMANDS.flatMap((command) => [
  {
    title: '1. a container id with other characters',
    ...{ command, options: variable('CNI_CONTAINERID', 'some-%%container-id') },
    error: environmentError('invalid characters in containerID', 'some-%%container-id'),
    stock: 'same' as const,
  },
  {
    title: '2. a long interface name',
    ...{ command, options: variable('CNI_IFNAME', '1234567890123456') },
    error: environmentError(
      'interface name is too long',
      'interface name should be less than 16 characters',
    ),
    stock: 'same' as const,
  },
  ...['.', '..'].map((name) => ({
    title: `3. the interface name ${name}`,
    ...{ command, options: variable('CNI_IFNAME', name) },
    error: environmentError('interface name is . or ..'),
    stock: 'same' as const,
  })),
  ...['test/test', 'test:test', 'test test', 'test\ttest', 'test\u0085test', 'test\u2003test'].map(
    (name) => ({
      title: `4. the interface name ${JSON.stringify(name)}`,
      ...{ command, options: variable('CNI_IFNAME', name) },
      error: environmentError('interface name contains / or : or whitespace characters'),
      stock: 'same' as const,
    }),
  ),
])

/** Cases 5 to 7. */
export const MISSING_VARIABLES: SkelCase[] = [
  ...['ADD', 'CHECK'].map((command) => ({
    title: '5. without CNI_NETNS, CNI_IFNAME and CNI_PATH',
    command,
    options: {
      variables: { CNI_NETNS: undefined, CNI_IFNAME: undefined, CNI_PATH: undefined },
    },
    error: missing('CNI_NETNS,CNI_IFNAME,CNI_PATH'),
    stock: 'same' as const,
  })),
  ...['ADD', 'CHECK'].flatMap((command) =>
    ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH'].flatMap((name) =>
      [undefined, ''].map((value) => ({
        title: `5. with ${name} ${value === undefined ? 'not set' : 'empty'}`,
        ...{ command, options: variable(name, value) },
        error: missing(name),
        stock: 'same' as const,
      })),
    ),
  ),
  {
    title: '5. with one variable wrong and another missing',
    command: 'ADD',
    options: { variables: { CNI_CONTAINERID: '%%', CNI_NETNS: undefined } },
    error: environmentError('invalid characters in containerID', '%%'),
    // The older library first says what is missing.
    stock: missing('CNI_NETNS'),
  },
  ...['CNI_CONTAINERID', 'CNI_IFNAME', 'CNI_PATH'].map((name) => ({
    title: `6. without ${name}`,
    ...{ command: 'DEL', options: variable(name, undefined) },
    error: missing(name),
    stock: 'same' as const,
  })),
  ...['GC', 'STATUS'].map((command) => ({
    title: '7. without CNI_PATH',
    ...{ command, options: variable('CNI_PATH', undefined) },
    error: missing('CNI_PATH'),
  })),
]
