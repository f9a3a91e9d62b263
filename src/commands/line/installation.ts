import type { Option, Subcommand } from './subcommand.js'

const BIN_DIRECTORY_OPTION: Option = {
  name: 'bin-dir',
  value: 'DIR',
  help: 'where the runtime looks for plugins (/opt/cni/bin)',
}

const CONF_DIRECTORY_OPTION: Option = {
  name: 'conf-dir',
  value: 'DIR',
  help: 'where the runtime looks for networks (/etc/cni/net.d)',
}

/** The subcommands that bring the plugin to a node and take it away. */
export const INSTALLATION: Subcommand[] = [
  {
    name: 'install',
    operands: [],
    options: [
      BIN_DIRECTORY_OPTION,
      { name: 'conf', value: 'FILE', help: 'install this network configuration, too' },
      CONF_DIRECTORY_OPTION,
      {
        name: 'force',
        help: 'replace a newer version or another file; install a configuration that has mistakes',
      },
    ],
    summary: 'puts this program where the runtime looks for plugins',
    description: `Puts this program where the container runtime looks for plugins, as host-device-l3, once it
has run from there. A call that comes meanwhile finds the old version or the new one. What is
newer stays, and so does a link or a file that is no version of this program, with an error. With
--conf, a network configuration follows, unless validate finds a mistake in it, or its place has
another network.`,
    run: async ({ options }) => {
      const { install } = await import('../install/install.js')
      const text = await install({
        'bin-dir': options.get('bin-dir'),
        conf: options.get('conf'),
        'conf-dir': options.get('conf-dir'),
        force: options.has('force'),
      })
      return { kind: 'text', text, failed: false }
    },
  },
  {
    name: 'uninstall',
    operands: [],
    options: [
      BIN_DIRECTORY_OPTION,
      { name: 'conf', value: 'FILE', help: 'remove what install --conf FILE has put there, too' },
      CONF_DIRECTORY_OPTION,
      {
        name: 'state-dir',
        value: 'DIR',
        help: 'the directory of the records, besides those of the configurations',
      },
      {
        name: 'force',
        help: 'also while devices may be lent, and whatever file has the name',
      },
    ],
    summary: 'takes the plugin away, unless devices are lent',
    description: `Removes the plugin from where install puts it. While pods have devices it removes nothing and
says which pods these are: without the plugin, no runtime could end them. It looks at the records in
--state-dir, and in the "stateDir" of each configuration where the runtime looks for networks, and
prints where it looked. Where it cannot read one of these, it removes nothing, either. With --conf,
it first removes the file of that name from there; FILE itself stays.`,
    run: async ({ options }) => {
      const { uninstall } = await import('../install/uninstall.js')
      const text = uninstall({
        'bin-dir': options.get('bin-dir'),
        conf: options.get('conf'),
        'conf-dir': options.get('conf-dir'),
        'state-dir': options.get('state-dir'),
        force: options.has('force'),
      })
      return { kind: 'text', text, failed: false }
    },
  },
  {
    name: 'wait',
    operands: [],
    options: [],
    summary: 'waits until it is told to end, for a container',
    description: `Waits for SIGTERM or SIGINT, also as the first process of a container. For the container that
keeps the pod of a DaemonSet, whose init container has installed the plugin.`,
    run: async () => {
      const { nativeAddon } = await import('../../kernel/native-addon.js')
      nativeAddon().waitForTermination()
      return { kind: 'text', text: 'told to end\n', failed: false }
    },
  },
]
