import type { Environment } from '../cni/environment.js'

/** What every line of the log says of its call. Of CNI_ARGS only what names the pod. */
export function logContext(environment: Environment, network: string): Record<string, string> {
  const { command, containerId, ifName, netns, args } = environment
  const pod = new Map(args.split(';').map((pair) => pair.split('=', 2) as [string, string]))
  const context = {
    command,
    network,
    containerId,
    interface: ifName,
    sandbox: netns,
    pod: pod.get('K8S_POD_NAME'),
    podNamespace: pod.get('K8S_POD_NAMESPACE'),
  }
  return Object.fromEntries(
    Object.entries(context).filter((entry): entry is [string, string] => Boolean(entry[1])),
  )
}
