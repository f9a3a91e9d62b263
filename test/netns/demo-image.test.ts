import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { runSync } from '../support/run-sync.js'

const IMAGE = readFileSync(new URL('../../docs/demo.svg', import.meta.url), 'utf8')

/** The lines of the image, with an empty one between the steps. */
function textOf(image: string): string {
  const steps = image.split('<g ').slice(1)
  const lines = (step: string) =>
    [...step.matchAll(/<text [^>]*>(.*)<\/text>/g)].map(([, line]) => line)
  return steps
    .map((step) => lines(step).join('\n'))
    .join('\n\n')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
}

/** A text without what differs in each run: process ids, indexes, MACs, paths and times. */
function masked(text: string): string {
  return text
    .replaceAll(/hdl3-demo-\d+/g, 'hdl3-demo-PID')
    .replaceAll(/@if\d+/g, '@ifINDEX')
    .replaceAll(/([0-9a-f]{2}:){5}[0-9a-f]{2}/g, 'MAC')
    .replaceAll(/"stateDir": ".*"/g, '"stateDir": "PATH"')
    .replaceAll(/time=[\d.]+ ms/g, 'time=TIME ms')
    .replaceAll(/time \d+ms/g, 'time TIMEms')
    .replaceAll(/= [\d./]+ ms/g, '= TIMES ms')
    .replaceAll(/ +$/gm, '')
    .trim()
}

describe('docs/demo.svg', () => {
  it('shows what make demo prints; make demo-image draws it again', () => {
    const { stdout } = runSync('sh', ['-c', 'exec demo/lend-and-return.sh 2>&1'])
    expect(masked(textOf(IMAGE))).toBe(masked(stdout))
  })
})
