import { CONFIGURATION_DEFAULTS } from '../../cni/configuration-defaults.js'
import { INSTALLATION } from './installation.js'
import type { Option, Subcommand } from './subcommand.js'

const STATE_DIRECTORY: Option = {
  name: 'state-dir',
  value: 'DIR',
  help: `the "stateDir" of the configuration; ${CONFIGURATION_DEFAULTS.stateDir} if left out`,
}
const JSON_OPTION: Option = { name: 'json', help: 'print a JSON document' }

/**
 * The subcommands, in the order of the help. Each loads what it needs when it runs: a call of a
 * runtime loads none of this.
 */
export const SUBCOMMANDS: Subcommand[] = [
  {
    name: 'explain',
    operands: [{ name: 'DEVICE', isOnHost: true, isOptional: true }],
    options: [
      {
        name: 'config',
        value: 'FILE',
        help: 'as ADD would with this network configuration, or list of them',
      },
      { name: 'netns', value: 'PATH', help: 'look at this sandbox, too' },
      { name: 'interface', value: 'NAME', help: 'CNI_IFNAME; net1 if left out' },
      { name: 'all', help: 'show what the kernel makes itself, too' },
      JSON_OPTION,
    ],
    summary: 'whether ADD would lend a device, and what of it would be carried into a pod',
    description: `Shows every address, route, rule, neighbour entry and sysctl of a device of the host, and
whether ADD would carry it into a pod, or why not; what ADD would warn of; and whether it would
lend the device at all, by the same checks. DEVICE selects it in place of what FILE selects. It
changes nothing. The exit status is 1 if ADD would refuse. What the kernel or an IPAM plugin
refuses only when it is asked is not known in advance.`,
    run: async (given) => {
      const { explain } = await import('../explain/explain.js')
      return explain(given)
    },
  },
  {
    name: 'list',
    operands: [],
    options: [STATE_DIRECTORY, JSON_OPTION],
    summary: 'what is lent: to which pod, as what, since when, and where it is now',
    description: `Shows every device that is lent: to which pod, under which name, since when, where it is
now, and which addresses, routes and rules the host had for it; then what is captured for another
plugin, and what of a device could not be restored yet. It looks for each device on the host, in its
sandbox and in every other network namespace. It changes no device.`,
    run: async (given) => {
      const { list } = await import('../list/list.js')
      return list(given)
    },
  },
  {
    name: 'return',
    operands: [{ name: 'DEVICE', isOptional: true }],
    options: [
      {
        name: 'container',
        value: 'ID',
        help: 'all devices lent to this container; the first characters of its id suffice',
      },
      { name: 'bare', help: 'do not restore the addresses and routes that it had on the host' },
      STATE_DIRECTORY,
    ],
    summary: 'brings a lent device home by hand',
    description: `Does for a device what DEL does, with the same locks and checks: finds it wherever it is,
brings it home under its own name, restores its state and removes the record. The pod loses the
device. DEVICE is its name on the host. Addresses that an IPAM plugin assigned stay assigned until
the runtime calls DEL.`,
    run: async (given) => {
      const { returnByHand } = await import('../return-by-hand.js')
      return returnByHand(given)
    },
  },
  {
    name: 'validate',
    operands: [{ name: 'FILE', isRepeated: true }],
    options: [JSON_OPTION],
    summary: 'what is wrong in a configuration, with line and column',
    description: `Checks network configurations, lists of them, and NetworkAttachmentDefinitions in YAML or JSON:
every key and value, names that other plugins have, and whether the plugins of a list are in an
order that works. It says nothing of the host that they are for. The exit status is 1 if
anything is wrong.`,
    run: async (given) => {
      const { validate } = await import('../validate/validate.js')
      return validate(given)
    },
  },
  {
    name: 'doctor',
    operands: [],
    options: [
      {
        name: 'config',
        value: 'FILE',
        help: 'look at what this network configuration, or list of them, needs',
      },
      JSON_OPTION,
    ],
    summary: 'what is wrong on this host, and what to do about it',
    description: `Looks at rights, directories, records, and, with --config, at the IPAM plugin, the kernel
modules that the list uses, and the device: who else configures it, and which sysctls it would
lack in a pod. Each finding has its cure. It changes nothing. The exit status is 1 if there is a
fault; a warning may be meant so.`,
    run: async (given) => {
      const { doctor } = await import('../doctor/doctor.js')
      return doctor(given)
    },
  },
  {
    name: 'keep',
    operands: [],
    options: [
      { name: 'netns', value: 'PATH', help: 'the sandbox' },
      { name: 'oci-state', help: 'read which sandbox is meant from the OCI state on stdin' },
      { name: 'interface', value: 'NAME', help: 'only this interface of the sandbox' },
      STATE_DIRECTORY,
    ],
    summary: 'puts the addresses back that gVisor took, for a hook',
    description: `For a hook that is called when a gVisor sandbox has started: puts the addresses back that
gVisor took. Give it --netns or --oci-state.`,
    run: async ({ options, readInput }) => {
      const { keep } = await import('../keep.js')
      const text = await keep(
        {
          netns: options.get('netns'),
          'oci-state': options.has('oci-state'),
          interface: options.get('interface'),
          'state-dir': options.get('state-dir'),
        },
        readInput,
      )
      return { kind: 'text', text, failed: false }
    },
  },
  {
    name: 'repair',
    operands: [{ name: 'DEVICE', isOptional: true }],
    options: [
      { name: 'all', help: 'repair all that is lent' },
      { name: 'dry-run', help: 'say what it would try to put back, and change nothing' },
      { name: 'settings', help: 'put back MTU and sysctls, too, which other plugins may set' },
      { name: 'results', value: 'DIR', help: "the directory of the runtime's results" },
      { name: 'state-dir', value: 'DIR', help: 'the directory of the records' },
      JSON_OPTION,
    ],
    summary: 'puts back into running pods what they lack of what was lent to them',
    description: `Puts back what running pods lack: the NIC itself after a reset, its up-state, addresses,
routes, rules and neighbours. What the runtime's result no longer has stays away. DEVICE is
the name on the host, the PCI address or the MAC of one; or give it --all.`,
    run: async ({ operands: [device], options }) => {
      const { repair } = await import('../repair/repair.js')
      return repair(device, options)
    },
  },
  ...INSTALLATION,
]
