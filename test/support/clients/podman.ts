import type { Testbed } from '../testbed.js'
import { IMAGE, IMAGE_ARCHIVE, makeImage } from './image.js'
import { type Ending, IsolatedNode } from './isolated-node.js'
import type { Network } from './networks.js'

const CONFIGURATION_FILE = '/run/containers.conf'

// Limits no higher than anyone may set, and none that needs a cgroup controller: not every
// machine that runs these tests has the right to more.
const CONFIGURATION = `
[containers]
apparmor_profile = "unconfined"
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
pids_limit = 0
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
[network]
network_backend = "cni"
network_config_dir = "/etc/cni/net.d"
cni_plugin_dirs = ["/opt/cni/bin"]
`

const STORAGE = [
  '--root',
  '/run/storage',
  '--runroot',
  '/run/storage-run',
  '--storage-driver',
  'vfs',
]

/** Debian's podman, on an node. */
export class Podman implements AsyncDisposable {
  private constructor(readonly node: IsolatedNode) {}

  /** Makes one that knows the networks and has the image. */
  static async make(
    testbed: Testbed,
    artefactPath: string,
    ...networks: Network[]
  ): Promise<Podman> {
    const podman = new Podman(await IsolatedNode.make(testbed, artefactPath))
    const { node } = podman
    for (const network of networks)
      node.write(`/etc/cni/net.d/${network.name}.conflist`, { ...network })
    node.write(CONFIGURATION_FILE, CONFIGURATION)
    makeImage(node)
    const { exitCode, stderr } = podman.#run('load', '--input', IMAGE_ARCHIVE)
    if (exitCode === 0) return podman
    await node[Symbol.asyncDispose]()
    throw new Error(`podman does not load the image: ${stderr}`)
  }

  /** Runs a shell command as a container of its own on some networks, until both have ended. */
  runContainer(networks: Network[], command: string): Ending {
    // Of several networks, podman gives any the first name unless it is told.
    const options = networks.map(
      ({ name }, index) => `--network=${name}:interface_name=eth${index}`,
    )
    return this.#run('run', '--rm', ...options, IMAGE, 'sh', '-c', command)
  }

  #run(...words: string[]): Ending {
    const env = { CONTAINERS_CONF: CONFIGURATION_FILE }
    return this.node.run(['podman', ...STORAGE, ...words], { env })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.node[Symbol.asyncDispose]()
  }
}
