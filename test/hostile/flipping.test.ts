import { once } from 'node:events'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { type AttackerProgram, compileAttacker } from '../support/attacker.js'
import { callPlugin } from '../support/plugin.js'
import { tampered } from '../support/strace.js'
import { Testbed } from '../support/testbed.js'

/** A search for a device that only a socket keeps alive ends after some seconds. */
const MILLISECONDS = 30_000
/** The look at what is at a path takes a little longer, so that the pod need not be tried for hours. */
const wrapper = tampered('-e', 'inject=statx:delay_exit=300')
const ROUNDS = 2

describe.each(ARTEFACTS)('a pod whose descriptors become FIFOs, and $artefact', ({ path }) => {
  let flipper: AttackerProgram

  beforeAll(() => {
    flipper = compileAttacker('flipper')
  })
  afterAll(() => flipper.remove())

  it('does not hang a DEL that looks for the device', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      using testbed = new Testbed()
      expect(callPlugin(testbed, path, 'ADD').exitCode).toBe(0)
      const words = ['netns', 'exec', testbed.pod, flipper.program]
      const pod = execa('ip', [...words, `${testbed.stateDirectory}/fifo`], { reject: false })
      try {
        await once(pod.stdout, 'data')
        testbed.inPod(`link set net1 netns ${pod.pid}`)
        pod.stdin.write('x')
        await once(pod.stdout, 'data')
        const { exitCode, stderr } = callPlugin(testbed, path, 'DEL', {
          milliseconds: MILLISECONDS,
          wrapper,
        })
        expect(exitCode, stderr).toBe(0)
      } finally {
        pod.kill('SIGKILL')
        await pod
      }
    }
  })
})
