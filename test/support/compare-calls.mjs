#!/usr/bin/env node
/**
 * Compares what the tests of two builds recorded with RECORD_CALLS, call by call, and prints every
 * difference: compare-calls.mjs BEFORE AFTER. Ends with 1 where there is one.
 */
import { readFileSync } from 'node:fs'

/** The calls of a file, by test: in each in their order. */
function read(file) {
  const tests = new Map()
  for (const line of readFileSync(file, 'utf8').trimEnd().split('\n')) {
    const { file: testFile, test, ...call } = JSON.parse(line)
    const key = `${testFile} > ${test}`
    tests.set(key, [...(tests.get(key) ?? []), call])
  }
  return tests
}

/** Whether two values are the same, whatever the order of keys. */
function isSame(one, other) {
  if (typeof one !== 'object' || one === null || typeof other !== 'object' || other === null)
    return one === other
  const names = new Set([...Object.keys(one), ...Object.keys(other)])
  return [...names].every((name) => isSame(one[name], other[name]))
}

const [before, after] = process.argv.slice(2, 4).map(read)
if (before === undefined || after === undefined) {
  console.error('compare-calls.mjs BEFORE AFTER')
  process.exit(2)
}

let compared = 0
let differing = 0
function differ(...lines) {
  differing++
  console.log(lines.join('\n'))
}

for (const [key, calls] of before) {
  const others = after.get(key)
  if (others === undefined) {
    differ(`${key}: only before (${calls.length} calls)`)
    continue
  }
  if (calls.length !== others.length)
    differ(`${key}: ${calls.length} calls before, ${others.length} after`)
  for (const [n, call] of calls.entries()) {
    const other = others[n]
    if (other === undefined) break
    compared++
    const keys = Object.keys(call).filter((name) => !isSame(call[name], other[name]))
    if (keys.length === 0) continue
    differ(
      `${key}: call ${n + 1}, ${call.command} by ${call.artefact}`,
      ...keys.flatMap((name) => [
        `  ${name} before: ${JSON.stringify(call[name])}`,
        `  ${name} after:  ${JSON.stringify(other[name])}`,
      ]),
    )
  }
}
for (const [key, calls] of after)
  if (!before.has(key)) differ(`${key}: only after (${calls.length} calls)`)

console.log(`${compared} calls compared, ${differing} differences`)
process.exitCode = differing === 0 ? 0 : 1
