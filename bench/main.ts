/**
 * Times both artefacts beside a Go host-device, in one run and in turn, on a
 * network of its own. Variables: PEER, the path of the Go plugin; ROUNDS.
 */
import { execFileSync } from 'node:child_process'
import { Testbed } from '../test/support/testbed.js'
import { compare } from './compare.js'
import { compareManyRoutes } from './many-routes.js'
import type { Network } from './network.js'

const peer = process.env.PEER ?? '/usr/lib/cni/host-device'
const rounds = Number(process.env.ROUNDS ?? 25)

// Started again inside the host's namespace: `ip netns exec` is not to be timed.
if (process.argv[2] === 'inside') {
  const network: Network = JSON.parse(process.argv[3] ?? '')
  compare(peer, rounds, network)
  compareManyRoutes(network)
} else {
  using testbed = new Testbed()
  const network: Network = {
    hostName: testbed.host,
    sandboxName: testbed.pod,
    sandboxPath: testbed.sandboxPath,
    stateDirectory: testbed.stateDirectory,
  }
  const words = JSON.stringify(network)
  execFileSync(
    'ip',
    ['netns', 'exec', testbed.host, process.execPath, process.argv[1] ?? '', 'inside', words],
    {
      stdio: 'inherit',
    },
  )
}
