import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import { COMPILED } from '../artefacts.js'
import { callPlugin } from '../plugin.js'
import { at, pointsOf } from '../points.js'
import type { Machine } from './machine.js'

/** What ADD and DEL of a device ask the kernel for, as strace prints system calls. */
export interface Changes {
  device: string
  /** All requests at which the call is killed. */
  each: RegExp
  /** The one among them that moves what this is about: ADD and DEL send it once each. */
  move: RegExp
}

/**
 * Kills ADD and DEL of the executable at each request that changes something; after each, DEL must
 * bring all in order.
 * @param expectHome is to find the device as it was; `when` is for the messages of its expectations
 */
export function killAtChanges(
  machine: Machine,
  { device, each, move }: Changes,
  expectHome: (when: string) => void,
): void {
  const options = { configuration: { device } }
  const file = `${machine.stateDirectory}/killed`
  const tried = ['ADD', 'DEL'].map((command) => ({
    command,
    points: pointsOf(machine, COMPILED, command, options).points.filter(({ call }) =>
      each.test(call),
    ),
  }))
  for (const { command, points } of tried)
    expect(
      points.filter(({ call }) => move.test(call)),
      command,
    ).toHaveLength(1)
  for (const { command, points } of tried)
    for (const point of points) {
      const when = `${command} killed at ${point.call}`
      if (command === 'DEL')
        expect(callPlugin(machine, COMPILED, 'ADD', options).exitCode, when).toBe(0)
      const wrapper = ['strace', '-f', '-qq', '-o', file, ...at(point, 'signal=KILL')]
      callPlugin(machine, COMPILED, command, { ...options, wrapper })
      expect(readFileSync(file, 'utf8'), when).toContain('killed by SIGKILL')
      const end = callPlugin(machine, COMPILED, 'DEL', options)
      expect(end, when).toMatchObject({ exitCode: 0, stdout: '' })
      expectHome(when)
    }
}
