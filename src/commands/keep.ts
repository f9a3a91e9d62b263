import { bounded } from '../bounded.js'
import { parseJson } from '../cni/network.js'
import { endKeeper, putBackOnce } from '../gvisor/keeper-process.js'
import { gvisorRecords } from '../gvisor/record.js'
import type { GvisorRecord } from '../gvisor/record-schema.js'
import { NetworkNamespace } from '../kernel/namespace.js'
import { pathOfState } from './line/state-directory.js'

/** Options of `keep`. */
export interface KeepOptions {
  netns?: string | undefined
  'oci-state'?: boolean | undefined
  interface?: string | undefined
  'state-dir'?: string | undefined
}

/**
 * `keep`: puts back the addresses that gVisor removed, once. For an OCI hook that runs after the
 * sandbox has started. Does nothing for a sandbox without a gVisor record.
 * @param readInput reads the OCI state from stdin; called only with --oci-state
 * @returns a line for each interface
 * @throws Error if the kernel refused, or if there is no such sandbox
 */
export async function keep(options: KeepOptions, readInput: () => string): Promise<string> {
  const path = options['oci-state'] ? await namespaceOfProcess(readInput()) : options.netns
  if (!path) throw new Error('keep needs --netns PATH, or --oci-state')
  using host = NetworkNamespace.host()
  using sandbox = host.open(path)
  const meant = gvisorRecords(pathOfState(options['state-dir']))
    .list()
    .filter(({ nameInSandbox }) => !options.interface || nameInSandbox === options.interface)
    .filter((record) => isAbout(record, sandbox, host))
  const outcomes = meant.map((record) => `${record.nameInSandbox}: ${putBack(sandbox, record)}\n`)
  return outcomes.join('') || `nothing is noted of the sandbox ${path}\n`
}

/** Network namespace of the `pid` in the OCI state that a runtime passes to a hook. */
async function namespaceOfProcess(state: string): Promise<string> {
  if (state.trim() === '')
    throw new Error('--oci-state needs the OCI state on stdin, which is empty')
  const { pid } = ((await parseJson(state)) ?? {}) as { pid?: unknown }
  if (!Number.isInteger(pid) || Number(pid) <= 0)
    throw new Error(
      `the OCI state has no running process in it: "pid" is ${JSON.stringify(pid) ?? 'missing'}`,
    )
  return `/proc/${pid}/ns/net`
}

/**
 * Whether a record is about a sandbox. One of an earlier version has only the path, which may lead
 * to another namespace by now, or to the host.
 */
function isAbout(
  { sandbox, sandboxPath }: GvisorRecord,
  found: NetworkNamespace,
  host: NetworkNamespace,
): boolean {
  return sandbox ? found.is(sandbox) : found.isAt(sandboxPath) && !found.equals(host)
}

function putBack(sandbox: NetworkNamespace, record: GvisorRecord): string {
  if (record.kept.length === 0) return 'needs no keeper: it hears without addresses'
  const outcome = putBackOnce(sandbox, record)
  const addresses = record.kept.map(({ local, prefixLength }) => `${local}/${prefixLength}`)
  if (outcome === 'put back' && record.keeper) endKeeper(record.keeper)
  const names = bounded(addresses).join(', ')
  if (outcome === 'put back') return `put back ${names}`
  if (outcome === 'not needed') return 'has its addresses'
  throw new Error(`cannot put back ${names}: ${outcome ?? 'the keeper was killed'}`)
}
