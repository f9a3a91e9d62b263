import { readdirSync, readFileSync } from 'node:fs'
import type { NetworkNamespace } from '../../kernel/namespace.js'
import type { Link } from '../../kernel/netlink/link-schema.js'
import { printable } from '../../printable.js'
import { type Check, type Finding, warning } from './finding.js'

/** A process in the host's network namespace. */
interface Process {
  pid: string
  /** As the kernel shows it, of fifteen bytes at most. */
  name: string
  commandLine: string
}

const CLIENTS = ['dhclient', 'dhcpcd', 'udhcpc']
const DAEMONS = { networkd: 'systemd-network', networkManager: 'NetworkManager' }

/** Which other programs configure the device: they would do so again whenever it comes home. */
export const managers: Check = ({ host, device }) => {
  if (!device) return []
  const running = processesIn(host, [...CLIENTS, ...Object.values(DAEMONS)])
  return [
    ...networkd(running, device),
    ...networkManager(running, device),
    ...running.flatMap((one) => client(one, device)),
    ...cloudInit(device),
  ]
}

function networkd(running: Process[], { name, index }: Link): Finding[] {
  const found = running.find((one) => one.name === DAEMONS.networkd)
  const path = `/run/systemd/netif/links/${index}`
  const state = found && /^ADMIN_STATE=(.*)$/m.exec(textOf(path))?.[1]
  if (state === undefined || state === 'unmanaged') return []
  const file = /^NETWORK_FILE=(.*)$/m.exec(textOf(path))?.[1]
  const by = file === undefined ? '' : `, by ${printable(file)}`
  return [
    managed(
      `systemd-networkd manages ${name}${by} (${path} says ${printable(state)})`,
      `write '[Match] Name=${name}' and '[Link] Unmanaged=yes', a line each, to /etc/systemd/network/00-${name}.network, and run 'networkctl reload'`,
    ),
  ]
}

function networkManager(running: Process[], { name, index }: Link): Finding[] {
  const found = running.find((one) => one.name === DAEMONS.networkManager)
  const path = `/run/NetworkManager/devices/${index}`
  if (!found || !/^managed=true$/m.test(textOf(path))) return []
  return [
    managed(
      `NetworkManager manages ${name} (${path} says managed=true)`,
      `write '[keyfile]' and 'unmanaged-devices=interface-name:${name}', a line each, to /etc/NetworkManager/conf.d/90-${name}.conf, and run 'nmcli general reload'`,
    ),
  ]
}

/** A DHCP client that was started for this device, or, as dhcpcd may be, for all. */
function client({ pid, name: program, commandLine }: Process, { name }: Link): Finding[] {
  if (!CLIENTS.includes(program)) return []
  const isForAll = program === 'dhcpcd' && /\[(master|manager)\]/.test(commandLine)
  if (!isForAll && !mentions(commandLine, name)) return []
  const cure =
    program === 'dhcpcd'
      ? `add 'denyinterfaces ${name}' to /etc/dhcpcd.conf and start it again`
      : 'stop it, and take the device out of what starts it, such as /etc/network/interfaces'
  return [managed(`process ${pid}, ${program}, renews a lease of ${name}`, cure)]
}

/** Where cloud-init writes the network; other programs read it from there. */
function cloudInit({ name, hardwareAddress }: Link): Finding[] {
  const files = [
    '/etc/netplan/50-cloud-init.yaml',
    '/etc/network/interfaces.d/50-cloud-init',
    '/etc/network/interfaces.d/50-cloud-init.cfg',
    `/etc/systemd/network/10-cloud-init-${name}.network`,
    `/etc/NetworkManager/system-connections/cloud-init-${name}.nmconnection`,
  ]
  return files
    .filter((file) => {
      const text = textOf(file).toLowerCase()
      return mentions(text, name.toLowerCase()) || mentions(text, hardwareAddress ?? name)
    })
    .map((file) =>
      managed(
        `cloud-init has configured ${name} in ${file}, and may do so again at the next start`,
        `write 'network: {config: disabled}' to /etc/cloud/cloud.cfg.d/99-network.cfg, and take ${name} out of ${file}`,
      ),
    )
}

function managed(text: string, cure: string): Finding {
  return warning('other managers', text, cure)
}

function processesIn(host: NetworkNamespace, names: string[]): Process[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .map((pid) => ({ pid, name: textOf(`/proc/${pid}/comm`).trimEnd() }))
    .filter(({ pid, name }) => names.includes(name) && host.isAt(`/proc/${pid}/ns/net`))
    .map((found) => ({ ...found, commandLine: textOf(`/proc/${found.pid}/cmdline`) }))
}

/** Whether a name stands there by itself, not as a part of another one. */
function mentions(text: string, name: string): boolean {
  return text.split(/[^\w.:@-]+/).some((word) => word === name || word === `${name}:`)
}

/** Empty for what cannot be read: a process may end meanwhile. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
