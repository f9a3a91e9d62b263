import fc from 'fast-check'
import { validConfiguration } from './valid-configuration.js'

/** An environment and a stdin as no runtime would have them. */
export interface HostileInput {
  variables: Record<string, string>
  input: Uint8Array
}

/** What the inputs may name. Nothing else that exists is ever meant by one of them. */
export interface Surroundings {
  stateDirectory: string
  /** Directories of plugins, separated by colons. */
  searchPath: string
  /** Paths that may or may not be sandboxes. */
  sandboxPaths: string[]
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/**
 * Any text, but for those that could be the path of something, which then is
 * nowhere: what reads these inputs may write to the paths in them.
 */
const harmlessText = fc
  .oneof(fc.string(), fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }))
  .map((text) =>
    text.startsWith('/') ? `/proc/nothing/${Buffer.from(text).toString('hex')}` : text,
  )

/** JSON.stringify and JSON.parse themselves would not get that far down. */
const NESTED = { mark: '@nested@', levels: 50_000 }

const unusualText = fc.constantFrom(
  ...['', ' ', '\0', 'a\0b', '\ud800', '\u202e', '..', 'é', '\n    at x', '%s%n', '0', 'null'],
  ...['x'.repeat(16), 'x'.repeat(5_000), '💥'.repeat(40), '0.1.0', '1.0.0', '9.9.9', '1.2.3.4'],
  ...['10.0.0.1/24', '10.0.0.1/99', '::/0', '1.2.3.x', '/proc/nothing', NESTED.mark],
)
const unusualNumber = fc.constantFrom(
  ...[0, -0, -1, 1.5, 2 ** 31, 2 ** 32, 2 ** 53, 1e308, -1e308, 5e-324, Number.MIN_SAFE_INTEGER],
)
const unusualKey = fc.oneof(
  fc.constantFrom(
    ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'length', ''],
    ...['devicE', 'DEVICE', 'devices', 'rule', 'prevresult', 'Name', 'cni.dev/valid-attachment'],
  ),
  harmlessText,
)

const anyJson: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'json' },
    fc.oneof(fc.constant(null), fc.boolean(), fc.double({ noNaN: true }), fc.integer()),
    fc.oneof(harmlessText, unusualText, unusualNumber) as fc.Arbitrary<Json>,
    fc.array(tie('value'), { maxLength: 4 }),
    fc
      .array(fc.tuple(unusualKey, tie('value')), { maxLength: 4 })
      .map((entries) => Object.fromEntries(entries)),
  ),
})).value

/** What is done to a value somewhere inside of a configuration. */
interface Mutation {
  /** Which child to go into, on each level, as a share of all of them. */
  path: number[]
  change: 'replace' | 'delete' | 'recase' | 'repeat' | 'rename' | 'add'
  value: Json
  key: string
}

/** Without the bias for small numbers, with which most changes would be to the first key. */
const share = fc.noBias(fc.integer({ min: 0, max: 9_999 })).map((number) => number / 10_000)
const mutation: fc.Arbitrary<Mutation> = fc.record({
  path: fc.array(share, { minLength: 1, maxLength: 5 }),
  change: fc.constantFrom('replace', 'delete', 'recase', 'repeat', 'rename', 'add'),
  value: anyJson,
  key: unusualKey,
})

function mutate(value: Json, { path: [here, ...below], ...rest }: Mutation): Json {
  if (typeof value !== 'object' || value === null || here === undefined) return rest.value
  const entries = Object.entries(value)
  const at = Math.floor(here * entries.length)
  const [key, child] = entries[at] ?? ['', null]
  const isLast = below.length === 0 || typeof child !== 'object' || child === null
  const changed = isLast
    ? change(key, child, rest)
    : [[key, mutate(child, { path: below, ...rest })]]
  const mutated = entries.toSpliced(at, 1, ...(changed as [string, Json][]))
  return Array.isArray(value) ? mutated.map(([, one]) => one) : Object.fromEntries(mutated)
}

function change(key: string, child: Json, by: Omit<Mutation, 'path'>): [string, Json][] {
  const recased = key === key.toUpperCase() ? key.toLowerCase() : key.toUpperCase()
  const changes: Record<Mutation['change'], [string, Json][]> = {
    replace: [[key, by.value]],
    delete: [],
    recase: [[recased, child]],
    repeat: [[key, child], [recased, by.value]], // biome-ignore format: a pair
    rename: [[by.key, child]],
    add: [[key, child], [by.key, by.value]], // biome-ignore format: a pair
  }
  return changes[by.change]
}

/** What is done to the bytes of the text. */
const garbling = fc.record({
  at: share,
  way: fc.constantFrom('cut', 'overwrite', 'insert', 'delete'),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 3 }),
})

function garble(
  bytes: Buffer,
  { at, way, bytes: others }: { at: number; way: string; bytes: Uint8Array },
): Buffer {
  const position = Math.floor(at * bytes.length)
  const head = bytes.subarray(0, position)
  if (way === 'cut') return head
  const skipped = way === 'insert' ? 0 : others.length
  const rest = bytes.subarray(position + skipped)
  return Buffer.concat(way === 'delete' ? [head, rest] : [head, others, rest])
}

const hostileBytes = (surroundings: Surroundings) =>
  fc
    .tuple(
      validConfiguration(surroundings.stateDirectory),
      fc.array(mutation, { maxLength: 3 }),
      fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, fc.array(garbling, { maxLength: 3 })),
    )
    .map(([configuration, mutations, garblings]) => {
      const json = JSON.stringify(mutations.reduce(mutate, configuration as Json))
      const nested = '['.repeat(NESTED.levels) + ']'.repeat(NESTED.levels)
      const text = Buffer.from(json.replaceAll(JSON.stringify(NESTED.mark), nested))
      return garblings.reduce<Buffer>(garble, text)
    })

/** A variable that mostly is one of the usual ones, and else not there or anything. */
const variable = (...usual: string[]) =>
  fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...usual) },
    fc.constant(undefined),
    unusualText,
    harmlessText,
  )

const COMMANDS = ['ADD', 'CHECK', 'DEL', 'GC', 'STATUS', 'VERSION']

/** Nothing of this may be one of the surroundings' devices, so that no ADD succeeds. */
export const hostileInput = (surroundings: Surroundings): fc.Arbitrary<HostileInput> =>
  fc
    .record({
      variables: fc.record({
        CNI_COMMAND: variable(...COMMANDS, 'ADD', 'ADD'),
        CNI_CONTAINERID: variable('container-1', 'c'),
        CNI_NETNS: variable(...surroundings.sandboxPaths),
        CNI_IFNAME: variable('net1', 'eth0', 'lo', 'net%d'),
        CNI_ARGS: variable('', 'IgnoreUnknown=1;K8S_POD_NAME=web', ';;=;=', 'a'),
        CNI_PATH: variable(surroundings.searchPath, `${surroundings.searchPath}::x:`),
        CNI_NETNS_OVERRIDE: variable('', '1', 'TRUE'),
      }),
      input: hostileBytes(surroundings),
    })
    .map(({ variables, input }) => ({
      // No process can be given a variable with a NUL in it.
      variables: Object.fromEntries(
        Object.entries(variables).filter(
          (entry): entry is [string, string] => entry[1] !== undefined && !entry[1].includes('\0'),
        ),
      ),
      input,
    }))
