import type { CallSite } from './plugin.js'
import { runSync } from './run-sync.js'

/** Calls one of Debian's own plugins as a runtime does; it has to succeed. */
export function callStockPlugin(
  site: CallSite,
  command: string,
  configuration: { type: string } & Record<string, unknown>,
  variables: Record<string, string> = {},
): Record<string, unknown> {
  const { stdout } = runSync(
    'ip',
    ['netns', 'exec', site.host, `/usr/lib/cni/${configuration.type}`],
    {
      input: JSON.stringify({ cniVersion: '1.0.0', name: 'lent', ...configuration }),
      env: {
        CNI_COMMAND: command,
        CNI_CONTAINERID: 'container-1',
        CNI_NETNS: site.sandboxPath,
        CNI_IFNAME: 'net1',
        CNI_PATH: '/usr/lib/cni',
        ...variables,
      },
    },
  )
  return stdout === '' ? {} : JSON.parse(stdout)
}
