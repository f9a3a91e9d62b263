import { existsSync } from 'node:fs'
import type { Testbed } from '../testbed.js'
import { CriConnection } from './cri.js'
import { IMAGE, IMAGE_ARCHIVE, makeImage } from './image.js'
import { type Ending, IsolatedNode } from './isolated-node.js'
import type { Network } from './networks.js'

/** The namespace of containerd in which its CRI keeps images and pods. */
export const CRI_NAMESPACE = 'k8s.io'
const NETWORK_FILE = '/etc/cni/net.d/10-lent.conflist'
const CONFIGURATION_FILE = '/run/containerd.toml'
const LOG_FILE = '/run/containerd.log'

// Neither AppArmor nor cgroup controllers are needed, nor the right to spare a pod from the
// OOM killer: not every machine that runs these tests has them.
const CONFIGURATION = `
version = 2
root = "/run/containerd-root"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${IMAGE}"
  disable_apparmor = true
  disable_cgroup = true
  restrict_oom_score_adj = true
`

// containerd 2 always gives the sandbox of a pod a share of the CPU, and that is a controller's.
const RUNC_FILE = '/run/bin/runc'
const RUNC = `#!/bin/sh
if [ -f config.json ]; then sed -i 's/"cpu":{"shares":2}/"cpu":{}/' config.json; fi
exec /usr/sbin/runc "$@"
`

/** Started with a directory of other programs, or an empty string. */
const START = `
  chmod +x ${RUNC_FILE}
  PATH="/run/bin:$0\${0:+:}$PATH"
  containerd --config ${CONFIGURATION_FILE} >${LOG_FILE} 2>&1 &
  until ctr version >/dev/null 2>&1; do sleep 0.02; done
  ctr images import ${IMAGE_ARCHIVE}
  ctr --namespace ${CRI_NAMESPACE} images import ${IMAGE_ARCHIVE}
`

/** Debian's containerd, on an node. */
export class Containerd implements AsyncDisposable {
  private constructor(readonly node: IsolatedNode) {}

  /**
   * Starts one that gives its containers the network, and has the image: the one in the
   * directory, or else the one that is installed.
   */
  static async start(
    testbed: Testbed,
    artefactPath: string,
    network: Network,
    directory = '',
  ): Promise<Containerd> {
    if (directory !== '' && !existsSync(`${directory}/containerd`))
      throw new Error(`there is no containerd in ${directory}`)
    const node = await IsolatedNode.make(testbed, artefactPath)
    node.write(NETWORK_FILE, { ...network })
    node.write(CONFIGURATION_FILE, CONFIGURATION)
    node.write(RUNC_FILE, RUNC)
    makeImage(node)
    const { exitCode, stderr } = node.run(['sh', '-euc', START, directory])
    if (exitCode === 0) return new Containerd(node)
    const log = node.read(LOG_FILE)
    await node[Symbol.asyncDispose]()
    throw new Error(`containerd does not start: ${stderr}\n${log}`)
  }

  /** Gives pods another network from now on, under a name of its own. */
  async useNetwork(network: Network): Promise<void> {
    this.node.write(NETWORK_FILE, { ...network })
    using connection = new CriConnection(this.socketPath)
    for (;;) {
      const { info } = await connection.call('RuntimeService/Status', { verbose: true })
      if (info.cniconfig?.includes(`"${network.name}"`)) return
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  /** Runs a shell command as a container of its own, until both have ended. */
  runContainer(command: string): Ending {
    // Without a share of the CPU, no cgroup controller is needed.
    const options = ['--rm', '--cni', '--cpu-shares', '0']
    return this.node.run(['ctr', 'run', ...options, IMAGE, 'container-1', 'sh', '-c', command])
  }

  /** As seen from here. */
  get socketPath(): string {
    return this.node.path('/run/containerd/containerd.sock')
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.node[Symbol.asyncDispose]()
  }
}
