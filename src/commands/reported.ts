import type { Result, ResultInterface } from '../cni/result/schema.js'
import type { Call } from './call.js'
import { nameInSandbox } from './name-in-sandbox.js'

/** The interface a call is about, as far as the plugins of the chain reported it. */
export function reportedInterface(call: Call): ResultInterface | undefined {
  return call.configuration.prevResult?.interfaces?.[indexOfInterface(call)]
}

/** The addresses that the chain reported of that interface, and all routes: they name none. */
export function reportedAssignment(call: Call): Pick<Result, 'ips' | 'routes'> {
  const { ips = [], routes = [] } = call.configuration.prevResult ?? {}
  const index = indexOfInterface(call)
  return { ips: ips.filter((ip) => ip.interface === index), routes }
}

function indexOfInterface(call: Call): number {
  const { environment, configuration } = call
  const wanted = nameInSandbox(call)
  const { interfaces = [] } = configuration.prevResult ?? {}
  return interfaces.findIndex(
    ({ name, sandbox }) => name === wanted && sandbox === environment.netns,
  )
}
