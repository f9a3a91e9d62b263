/**
 * Times both artefacts beside a Go host-device, in one run and in turn, on a
 * network of its own. Variables: PEER, the path of the Go plugin; ROUNDS.
 */
import { execFileSync } from 'node:child_process'
import { Testbed } from '../test/support/testbed.js'
import { compare } from './compare.js'

const peer = process.env.PEER ?? '/usr/lib/cni/host-device'
const rounds = Number(process.env.ROUNDS ?? 25)

// Started again inside the host's namespace: `ip netns exec` is not to be timed.
if (process.argv[2] === 'inside') {
  compare(peer, rounds, JSON.parse(process.argv[3] ?? ''))
} else {
  using testbed = new Testbed()
  const { sandboxPath, stateDirectory } = testbed
  const words = JSON.stringify({ sandboxPath, stateDirectory })
  execFileSync(
    'ip',
    ['netns', 'exec', testbed.host, process.execPath, process.argv[1] ?? '', 'inside', words],
    {
      stdio: 'inherit',
    },
  )
}
