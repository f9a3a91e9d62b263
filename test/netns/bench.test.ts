import { expect, it } from 'vitest'
import { runSync } from '../support/run-sync.js'
import { SmallContainer } from '../support/small-container.js'

const TITLES = [
  'One device, 1 rounds',
  'Several devices at once, until the last is done, 1 rounds',
  ...(SmallContainer.isPossible ? [expect.stringMatching(/^In 50 MiB and a tenth of a CPU/)] : []),
  'ADD with 20 IPv4 and 20 IPv6 routes, 1 rounds',
]

// What it measures here says nothing: other tests run beside it.
it('make bench measures every call of every plugin', () => {
  const { exitCode, stdout, stderr } = runSync(process.execPath, ['build/bench.mjs', '--json'], {
    env: { PATH: process.env.PATH, ROUNDS: '1', DEVICES: '2', ROUTES: '20' },
    reject: false,
  })
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  const { reports } = JSON.parse(stdout)
  expect(reports.map(({ title }: { title: string }) => title)).toEqual(TITLES)
  expect(movesOf(reports[0])).toEqual(
    ['one kernel move', 'one kernel move back'].flatMap((call) =>
      ['', 'by a new process', 'by a new process after 3 ms'].map((plugin) => ({
        call,
        plugin,
        'median ms': expect.any(Number),
        'min ms': expect.any(Number),
      })),
    ),
  )
  const rows = reports.flatMap((report: { rows: object[] }) => report.rows)
  for (const row of rows) expect(row).toMatchObject({ 'median ms': expect.any(Number) })
  expect(rows).not.toContainEqual(expect.objectContaining({ 'median ms': 0 }))
  expect(rows).toHaveLength(SmallContainer.isPossible ? 39 : 35)
})

function movesOf({ rows }: { rows: { call: string }[] }) {
  return rows.filter(({ call }) => call.includes('kernel move'))
}
