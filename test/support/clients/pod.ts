import type { Containerd } from './containerd.js'
import { CRI_NAMESPACE } from './containerd.js'
import { CriConnection, type Message } from './cri.js'
import { IMAGE } from './image.js'
import type { Ending } from './isolated-node.js'

const METADATA = { name: 'pod', uid: 'uid-1', namespace: 'default' }

/** A pod sandbox of containerd's CRI, run and ended as a kubelet does. */
export class Pod implements Disposable {
  #executions = 0

  private constructor(
    readonly id: string,
    private readonly containerd: Containerd,
    private readonly connection: CriConnection,
  ) {}

  static async run(containerd: Containerd): Promise<Pod> {
    const connection = new CriConnection(containerd.socketPath)
    try {
      // It hears of images with a delay, and would ask a registry for one it does not know.
      while (
        !(await connection.call('ImageService/ImageStatus', { image: { image: IMAGE } })).image
      )
        await new Promise((resolve) => setTimeout(resolve, 20))
      const request = { config: { metadata: METADATA, linux: {} } }
      const { pod_sandbox_id } = await connection.call('RuntimeService/RunPodSandbox', request)
      return new Pod(pod_sandbox_id, containerd, connection)
    } catch (error) {
      connection[Symbol.dispose]()
      throw error
    }
  }

  /** Runs a shell command in the sandbox's container. */
  execute(command: string): Ending {
    const execution = `execution-${++this.#executions}`
    const words = ['task', 'exec', '--exec-id', execution, this.id, 'sh', '-c', command]
    return this.containerd.node.run(['ctr', '--namespace', CRI_NAMESPACE, ...words])
  }

  async status(): Promise<Message> {
    return (await this.#call('PodSandboxStatus')).status
  }

  async stop(): Promise<void> {
    await this.#call('StopPodSandbox')
  }

  async remove(): Promise<void> {
    await this.#call('RemovePodSandbox')
  }

  #call(method: string): Promise<Message> {
    return this.connection.call(`RuntimeService/${method}`, { pod_sandbox_id: this.id })
  }

  [Symbol.dispose](): void {
    this.connection[Symbol.dispose]()
  }
}
