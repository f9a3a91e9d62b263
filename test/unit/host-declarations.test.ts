import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

/** All first groups of a pattern in a file, in alphabetical order. */
const namesIn = (path: string, pattern: RegExp) =>
  [...readFileSync(path, 'utf8').matchAll(pattern)].map(([, name]) => name).toSorted()

it.each([
  ['src/executable/host.d.ts', /^ {2}export const (\w+): NativeAddon\['\1'\]$/gm],
  ['src/kernel/native-addon.ts', /^ {2}(\w+)\(.*$/gm],
])('%s declares the functions of the native core, all and no others', (path, pattern) => {
  const functions = namesIn('src/kernel/native/functions/list.h', /\bEACH\((\w+), \d+\)/g)
  expect(functions.length).toBeGreaterThan(20)
  expect(namesIn(path, pattern)).toEqual(functions)
})
