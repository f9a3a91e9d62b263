import { existsSync, readFileSync } from 'node:fs'
import { kill } from 'node:process'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { AttachedPrograms } from '../support/attach-program.js'
import { callPlugin, runCommandLine, startPlugin } from '../support/plugin.js'
import { Testbed } from '../support/testbed.js'

/** An ADD was killed once its record was written, and before the kernel was asked to move the device. */
describe.each(ARTEFACTS)(
  'a device that never left, of which there is a record: $artefact',
  ({ path }) => {
    let testbed: Testbed
    beforeEach(() => {
      testbed = new Testbed()
      testbed.onHost('address add 198.51.100.5/24 dev eth1')
      testbed.onHost('route add 203.0.113.0/24 via 198.51.100.1')
      testbed.addDevice('eth2')
      testbed.onHost('address add 192.0.2.5/24 dev eth2')
      testbed.onHost(
        'route add 203.0.114.0/24 nexthop via 198.51.100.1 dev eth1 nexthop via 192.0.2.1 dev eth2',
      )
    })
    afterEach(() => testbed[Symbol.dispose]())

    const call = (command: string, configuration: object = {}) =>
      callPlugin(testbed, path, command, {
        configuration: { restoreOnDelete: true, ...configuration },
      })

    /** The thread of the move asks the kernel first for the move itself. */
    async function killAddBeforeMove(): Promise<void> {
      const file = `${testbed.stateDirectory}/delayed`
      const isRecorded = () =>
        existsSync(`${testbed.stateDirectory}/attachments/container-1:net1.json`)
      const options = ['-f', '-qq', '-o', file, '-e', 'trace=sendto']
      const wrapper = ['strace', ...options, '-e', 'inject=sendto:delay_enter=3s:when=1']
      const ended = startPlugin(testbed, path, 'ADD', { wrapper })
      await vi.waitUntil(() => isRecorded(), { timeout: 30_000 })
      const [process = ''] = readFileSync(file, 'utf8').split(' ')
      kill(Number(process), 'SIGKILL')
      await ended
      expect(testbed.onHost('link')).toContain('eth1@')
    }

    it.each([
      ['DEL', {}],
      ['DEL', { restoreOnDelete: false }],
      ['GC', { 'cni.dev/valid-attachments': [] }],
    ])('%s (%j) leaves what the host has done with it since', async (command, keys) => {
      await using programs = new AttachedPrograms()
      await killAddBeforeMove()
      await programs.attach(testbed.host, 'eth1', 'xdp')
      testbed.onHost('link set eth1 mtu 1400 group 7 txqueuelen 77')
      testbed.onHost('address add 198.51.100.6/24 dev eth1')
      testbed.onHost('route delete 203.0.113.0/24')
      expect(call(command, keys)).toMatchObject({ exitCode: 0, stdout: '', stderr: '' })
      expect(testbed.onHost('-d link show dev eth1')).toMatch(/mtu 1400 .* group 7 qlen 77/)
      expect(runCommandLine(testbed, path, ['explain', 'eth1']).stdout).toMatch(/xdp program/)
      expect(testbed.onHost('-4 address show dev eth1')).toMatch(/100\.5[\s\S]*100\.6/)
      expect(testbed.onHost('route')).not.toContain('203.0.113.0/24')
      // The stand-in of the route through both is gone.
      expect(testbed.onHost('route show 203.0.114.0/24')).not.toContain('proto 76')
      expect(testbed.filesIn('attachments')).toEqual([])
    })

    it('is not one that came back from its pod, and has its name and its addresses again', () => {
      expect(call('ADD').exitCode).toBe(0)
      testbed.inPod('link set net1 mtu 1400 down')
      testbed.inPod(`link set net1 name eth1 netns ${testbed.host}`)
      testbed.onHost('link set eth1 up')
      testbed.onHost('address add 198.51.100.5/24 dev eth1')
      expect(call('DEL')).toMatchObject({ exitCode: 0, stdout: '' })
      expect(testbed.onHost('link show dev eth1')).toContain('mtu 1500')
      expect(testbed.onHost('route')).toContain('203.0.113.0/24')
    })
  },
)
