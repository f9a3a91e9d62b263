import { readFileSync } from 'node:fs'
import { whyNotAllVisible } from '../../kernel/visible-processes.js'
import { missingRights } from '../capabilities.js'
import { type Check, type Finding, fault, warning } from './finding.js'

/** Ids of the host's own user namespace: all of them, and each is itself. */
const ALL_IDS = /^\s*0\s+0\s+4294967295\s*$/

/** Whether this process may do what calls do, and sees the kernel as they have to. */
export const rights: Check = ({ host }) => [
  ...capabilities(),
  ...userNamespace(),
  ...processes(),
  ...sysfs(host),
]

function capabilities(): Finding[] {
  const missing = missingRights()
  if (missing === undefined) return []
  return [
    fault(
      'rights',
      `this process runs as ${missing}`,
      'run the runtime as root, with CAP_NET_ADMIN and CAP_SYS_ADMIN; run doctor as it runs',
    ),
  ]
}

function userNamespace(): Finding[] {
  if (ALL_IDS.test(readFileSync('/proc/self/uid_map', 'utf8'))) return []
  return [
    warning(
      'rights',
      'this is a user namespace of its own (/proc/self/uid_map), whose rights are no rights to devices of the host',
      "run it outside, unless the devices are this namespace's",
    ),
  ]
}

function processes(): Finding[] {
  const hidden = whyNotAllVisible()
  if (hidden === undefined) return []
  return [
    warning(
      'rights',
      `${hidden}: where a virtual device ended with its sandbox before DEL, each DEL fails, for the device may be in a namespace that is not seen`,
      'in a container, have the PID namespace of the node (hostPID: true) and CAP_SYS_PTRACE; run doctor as the runtime runs',
    ),
  ]
}

function sysfs(host: Parameters<Check>[0]['host']): Finding[] {
  if (host.sysfs) return []
  return [
    warning(
      'sysfs',
      'the sysfs of a network namespace cannot be mounted, so that a lent device is known by its bus address, MAC, index and name only',
      'give the process CAP_SYS_ADMIN in the user namespace of the node, and a kernel of Linux 5.2 or later',
    ),
  ]
}
