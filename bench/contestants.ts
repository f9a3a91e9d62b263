import { resolve } from 'node:path'
import type { Run } from './measured.js'
import type { Network } from './network.js'

/** A plugin that is measured. */
export interface Contestant {
  name: string
  path: string
  /** The keys of a configuration that only it has. */
  keys: object
}

/** Who lends what to whom. */
export interface Attachment {
  device: string
  sandboxPath: string
}

/** The executable, and the Go plugin that it is measured against. */
export function executables({ stateDirectory, peerPath }: Network): [Contestant, Contestant] {
  return [
    {
      name: 'host-device-l3',
      path: resolve('dist/host-device-l3'),
      keys: { stateDir: stateDirectory },
    },
    { name: 'the peer', path: resolve(peerPath), keys: {} },
  ]
}

/** The executable, the JavaScript file, and the peer. */
export function allContestants(network: Network): [Contestant, Contestant, Contestant] {
  const [executable, peer] = executables(network)
  const path = resolve('dist/host-device-l3.cjs')
  return [executable, { ...executable, name: 'host-device-l3.cjs, Node', path }, peer]
}

/** How a runtime calls a plugin. */
export function callOf(
  { path, keys }: Contestant,
  command: string,
  { device, sandboxPath }: Attachment,
  prevResult?: object,
): Run {
  const configuration = { cniVersion: '1.0.0', name: 'bench', type: 'x', device, ...keys }
  return {
    command: [path],
    // VERSION does not read its input, and would be gone before all of it is written.
    input: command === 'VERSION' ? '' : JSON.stringify({ ...configuration, prevResult }),
    variables: {
      CNI_COMMAND: command,
      CNI_CONTAINERID: `bench-${device}`,
      CNI_NETNS: sandboxPath,
      CNI_IFNAME: 'net1',
      CNI_PATH: '/opt/cni/bin',
    },
  }
}
