import type { Cell } from './cell.js'
import { READ } from './read-cells.js'

/** A carrier that was tried. */
export interface Tried {
  readonly name: string
  readonly version: string
  readonly cells: ReadonlyMap<string, Cell>
}

const COLUMNS = ['runc', 'crun', 'DRANET', '`host-device`', 'PR 1257', 'this plugin']

/** The page of the documentation that says who carries what. */
export function comparisonDocument(tried: readonly Tried[]): string {
  const demands = [...new Set(tried.flatMap(({ cells }) => [...cells.keys()]))]
  const cellOf = (column: string, demand: string): string => {
    const cell = tried.find(({ name }) => name === column)?.cells.get(demand)
    if (cell !== undefined) return `${cell} (tried)`
    const read = READ[column]?.[demand]
    return read === undefined ? '?' : `${read} (read)`
  }
  const rows = demands.map((demand) => [demand, ...COLUMNS.map((name) => cellOf(name, demand))])
  const table = [['demand or case', ...COLUMNS], ['', ...COLUMNS].map(() => '---'), ...rows]
  const lines = table.map((cells) => `| ${cells.join(' | ')} |`)
  return [INTRODUCTION, versionsOf(tried), '', ...lines, '', NOTES].join('\n')
}

/** The page without the versions: others that do the same make nothing in it untrue. */
export function withoutVersions(document: string): string {
  return document.replace(/^Tried were .*$/m, '')
}

function versionsOf(tried: readonly Tried[]): string {
  const others = tried.filter(({ version }) => version !== '')
  return `Tried were ${others.map(({ name, version }) => `${name} ${version}`).join(', ')}.`
}

const INTRODUCTION = `# Who carries what

The first rows are the demands of the OCI runtime specification on \`linux.netDevices\` and the
cases of runc's \`netdev.bats\` that concern the device; the others are what else a device has on
its host. **tried**: by a test ([test/vm/oci-netdevices.test.ts](../test/vm/oci-netdevices.test.ts),
\`make test-vm\`), on both of its kernels, with dummy devices and Debian's packages. **read**: in notes
made from the source of DRANET f258477c, and of containernetworking/plugins and its pull request
1257; neither was run. "?" is what those notes do not say.

This page is what the test wrote; the test fails when they differ. \`make test-vm\` leaves the page
of its run in \`build/vm/kernel-bookworm/comparison.md\`: to bring this one up to date, copy it here.
`

const NOTES = `"It" is the device. The container's namespace is there before the container, and outlives it. A
CNI plugin is called for one device after the other. The failure after the move is a failing
\`createRuntime\` hook, or a failing IPAM plugin. Where the container has no network namespace of
its own, the device is down: not every kernel renames one that is up. This plugin has \`sysctls\` and
\`restoreOnDelete\` set.

On the end: an OCI runtime must not take a device out of the container's namespace, CNI's DEL is
there for that. The kernel hands physical devices back when the namespace ends, under the names
they have then.

On \`%d\`: a name in CNI is the runtime's to choose (\`CNI_IFNAME\`), and the result is to report it;
there is no template for the kernel to fill.
`
