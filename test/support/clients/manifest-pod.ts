import type { IDaemonSet } from 'kubernetes-models/apps/v1'
import type { IContainer, IPodSpec } from 'kubernetes-models/v1'
import type { Containerd } from './containerd.js'
import { CriConnection, type Message } from './cri.js'

const LOG_DIRECTORY = '/run/logs'

/** How a container ended, and what it printed. */
export interface ContainerEnding {
  exitCode: number
  log: string
}

/**
 * The pod of a DaemonSet on one node, run by containerd as a kubelet asks it to: what the
 * specification says of images, arguments, volumes and rights is all taken from it.
 */
export class ManifestPod implements AsyncDisposable {
  /** The containers that were started, by their names in the specification. */
  readonly #containers = new Map<string, string>()
  #attempts = 0

  private constructor(
    private readonly containerd: Containerd,
    private readonly connection: CriConnection,
    private readonly spec: IPodSpec,
    private readonly config: Message,
    private readonly id: string,
  ) {}

  static async run(containerd: Containerd, daemonSet: IDaemonSet): Promise<ManifestPod> {
    const spec = daemonSet.spec?.template.spec
    if (!spec) throw new Error('it has no pod')
    if (spec.hostNetwork || spec.hostPID || spec.hostIPC) throw new Error('not supported here')
    const name = daemonSet.metadata?.name ?? ''
    const connection = new CriConnection(containerd.socketPath)
    const config = {
      metadata: { name, uid: `uid-${name}`, namespace: daemonSet.metadata?.namespace },
      log_directory: LOG_DIRECTORY,
      linux: {},
    }
    containerd.node.mustRun(['mkdir', '-p', LOG_DIRECTORY])
    for (const { hostPath } of spec.volumes ?? []) {
      if (hostPath?.type !== 'DirectoryOrCreate') throw new Error('only such volumes are supported')
      containerd.node.mustRun(['mkdir', '-p', hostPath.path])
    }
    const { pod_sandbox_id: id } = await connection.call('RuntimeService/RunPodSandbox', { config })
    return new ManifestPod(containerd, connection, spec, config, id)
  }

  /** Runs the init containers until one of them fails, or all have succeeded. */
  async initialize(): Promise<ContainerEnding> {
    let ending: ContainerEnding = { exitCode: 0, log: '' }
    for (const container of this.spec.initContainers ?? []) {
      const log = await this.#start(container)
      const { exit_code } = await this.#untilEnded(container.name)
      ending = { exitCode: exit_code, log: this.#read(log) }
      if (exit_code !== 0) break
    }
    return ending
  }

  /** Starts the containers that stay. */
  async start(): Promise<void> {
    for (const container of this.spec.containers) await this.#start(container)
  }

  async stateOf(name: string): Promise<string> {
    return (await this.#status(name)).state
  }

  /** Ends a container as a kubelet does, and says how it ended. */
  async stopContainer(name: string): Promise<{ exitCode: number; seconds: number }> {
    const start = performance.now()
    await this.#call('StopContainer', {
      container_id: this.#containers.get(name),
      timeout: this.spec.terminationGracePeriodSeconds,
    })
    const { exit_code } = await this.#untilEnded(name)
    return { exitCode: exit_code, seconds: (performance.now() - start) / 1000 }
  }

  async #start(container: IContainer): Promise<string> {
    const log = `${container.name}-${++this.#attempts}.log`
    const config = { ...this.#configOf(container), log_path: log }
    const { container_id } = await this.#call('CreateContainer', {
      pod_sandbox_id: this.id,
      config,
      sandbox_config: this.config,
    })
    this.#containers.set(container.name, container_id)
    await this.#call('StartContainer', { container_id })
    return log
  }

  #configOf(container: IContainer): Message {
    const { securityContext: rights = {} } = container
    const pathOf = (volume: string) =>
      this.spec.volumes?.find(({ name }) => name === volume)?.hostPath?.path
    return {
      metadata: { name: container.name, attempt: this.#attempts },
      image: { image: container.image },
      args: container.args,
      mounts: (container.volumeMounts ?? []).map(({ name, mountPath, readOnly = false }) => ({
        container_path: mountPath,
        host_path: pathOf(name),
        readonly: readOnly,
      })),
      linux: {
        security_context: {
          capabilities: { drop_capabilities: rights.capabilities?.drop ?? [] },
          run_as_user: { value: rights.runAsUser },
          ...(rights.runAsGroup === undefined
            ? {}
            : { run_as_group: { value: rights.runAsGroup } }),
          readonly_rootfs: rights.readOnlyRootFilesystem,
          no_new_privs: rights.allowPrivilegeEscalation === false,
          seccomp: { profile_type: this.spec.securityContext?.seccompProfile?.type },
        },
      },
    }
  }

  async #untilEnded(name: string): Promise<Message> {
    for (;;) {
      const status = await this.#status(name)
      if (status.state === 'CONTAINER_EXITED') return status
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  async #status(name: string): Promise<Message> {
    const container_id = this.#containers.get(name)
    return (await this.#call('ContainerStatus', { container_id })).status
  }

  /** The lines of a log, without what the runtime puts before each. */
  #read(log: string): string {
    const text = this.containerd.node.read(`${LOG_DIRECTORY}/${log}`)
    return text.replaceAll(/^\S+ std(?:out|err) [FP] /gm, '')
  }

  #call(method: string, request: Message): Promise<Message> {
    return this.connection.call(`RuntimeService/${method}`, request)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const method of ['StopPodSandbox', 'RemovePodSandbox'])
      await this.#call(method, { pod_sandbox_id: this.id })
    this.connection[Symbol.dispose]()
  }
}
