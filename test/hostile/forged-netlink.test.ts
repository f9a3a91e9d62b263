import { execa } from 'execa'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { type AttackerProgram, Attackers, compileAttacker } from '../support/attacker.js'
import { callPlugin } from '../support/plugin.js'
import { Testbed } from '../support/testbed.js'

const ROUNDS = 5

/** The index that the lent device keeps in a pod that has only `lo`. */
const INDEX = '2'

describe.each(ARTEFACTS)('a pod that forges netlink messages, and $artefact', ({ path }) => {
  let testbed: Testbed
  let attackers: Attackers
  let forger: AttackerProgram

  beforeAll(() => {
    forger = compileAttacker('forger')
  })
  afterAll(() => forger.remove())
  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    testbed.onHost('route add 203.0.113.0/24 via 198.51.100.1')
    attackers = new Attackers(testbed.pod)
  })
  afterEach(async () => {
    await attackers[Symbol.asyncDispose]()
    testbed[Symbol.dispose]()
  })

  /** The device itself, not one that looks like it: its wire leads to the cloud. */
  const isHome = () => {
    testbed.onHost('link set eth1 up')
    testbed.onHost('address replace 198.51.100.5/24 dev eth1')
    testbed.run(testbed.host, 'ping -c 1 -W 5 198.51.100.1')
  }

  function lendUnderAttack(sandbox: string) {
    const call = (command: string, options = {}) => {
      const variables = { CNI_NETNS: sandbox }
      const outcome = callPlugin(testbed, path, command, { variables, ...options })
      expect(outcome.exitCode, `${command}: ${outcome.stdout}`).toBe(0)
      return outcome.document
    }
    for (let round = 0; round < ROUNDS; round++) {
      testbed.onHost('address replace 198.51.100.5/24 dev eth1')
      testbed.onHost('route replace 203.0.113.0/24 via 198.51.100.1')
      const prevResult = call('ADD')
      expect(prevResult.ips).toMatchObject([{ address: '198.51.100.5/24' }])
      call('CHECK', { configuration: { prevResult } })
      call('DEL')
      isHome()
    }
  }

  it('with CAP_NET_ADMIN in its namespace', async () => {
    await attackers.start([forger.program, INDEX, 'net1'])
    lendUnderAttack(testbed.sandboxPath)
  })

  it('as root of a user namespace', async () => {
    const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups']
    const pod = [...nobody, 'unshare', '--user', '--map-root-user', '--net']
    const attacker = execa('setpriv', [...pod, forger.program, INDEX, 'net1'], { reject: false })
    try {
      await new Promise((resolve) => attacker.stdout.once('data', resolve))
      lendUnderAttack(`/proc/${attacker.pid}/ns/net`)
    } finally {
      attacker.kill('SIGKILL')
      await attacker
    }
  })
})
