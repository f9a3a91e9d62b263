import { type Static, Type } from '@sinclair/typebox'
import { CONFIGURATION_DEFAULTS } from './configuration-defaults.js'
import { ResultSchema } from './result-schema.js'

/** A per-interface sysctl, named without the interface. */
const PER_INTERFACE_SYSCTL = '^net\\.ipv[46]\\.(conf|neigh)\\.[a-z0-9_]+$'

/**
 * A file name without slashes, because it is appended to a sysfs directory. An empty string counts
 * as absent.
 */
const SYSFS_NAME = '^[A-Za-z0-9_:.-]{0,255}$'

/** The kernel ends names and paths at a NUL: what a text says after it would be ignored. */
const ABSOLUTE_PATH = '^/[^\\u0000]{0,4094}$'

/** A file where the specification of such files has it; an empty string counts as absent. */
const DEVICE_INFO_FILE = '^/([^\\u0000]{0,3800}/)?devinfo/cni/[^/\\u0000]{1,255}$|^$'

/**
 * The configuration's keys. Each description completes the error message about its key: '… it must
 * be DESCRIPTION'.
 */
export const ConfigurationSchema = Type.Object({
  cniVersion: Type.Optional(Type.String({ description: 'a text, the version of CNI to speak' })),
  name: Type.String({ description: 'a text, the name of the network' }),
  type: Type.Optional(Type.String({ description: 'a text, the name of this plugin' })),
  device: Type.Optional(
    Type.String({
      pattern: '^[^\\u0000]{0,127}$',
      description:
        'a text of up to 127 characters, the name or an alternative name of the host device to lend',
    }),
  ),
  hwaddr: Type.Optional(
    Type.String({ description: 'a text, the MAC address of the host device to lend' }),
  ),
  kernelpath: Type.Optional(
    Type.String({
      pattern: '^[^\\u0000]{0,4095}$',
      description:
        'a text, the path under /sys/devices/ of the hardware whose network device to lend',
    }),
  ),
  pciBusID: Type.Optional(
    Type.String({
      pattern: SYSFS_NAME,
      description: 'the PCI address of the host device to lend, such as "0000:01:00.0"',
    }),
  ),
  runtimeConfig: Type.Optional(
    Type.Object(
      {
        deviceID: Type.Optional(Type.String({ pattern: SYSFS_NAME })),
        CNIDeviceInfoFile: Type.Optional(Type.String({ pattern: DEVICE_INFO_FILE })),
      },
      {
        description:
          'an object; its deviceID names a PCI or auxiliary device, its CNIDeviceInfoFile is the path of a file in a directory devinfo/cni',
      },
    ),
  ),
  useInterfaceNetwork: Type.Optional(
    Type.Boolean({
      default: CONFIGURATION_DEFAULTS.useInterfaceNetwork,
      description: 'true or false: whether the addresses and routes of the device go with it',
    }),
  ),
  dynamicAddresses: Type.Optional(
    Type.Union(
      [
        Type.Literal('drop'),
        Type.Literal('ipv4'),
        Type.Literal('all'),
        Type.Object({
          carry: Type.Union([Type.Literal('ipv4'), Type.Literal('all')]),
          lifetime: Type.Optional(Type.Union([Type.Literal('forever'), Type.Literal('remaining')])),
        }),
      ],
      {
        default: CONFIGURATION_DEFAULTS.dynamicAddresses,
        description:
          '"drop", "ipv4" or "all": which addresses that a lease gave are carried, as permanent ones; or an object whose carry is "ipv4" or "all", and whose lifetime "forever" or "remaining"',
      },
    ),
  ),
  routes: Type.Optional(
    Type.Union([Type.Boolean(), Type.Object({ default: Type.Optional(Type.Boolean()) })], {
      default: CONFIGURATION_DEFAULTS.routes,
      description:
        'true or false: whether routes are carried; or an object whose default, true or false, says whether default routes of table main are',
    }),
  ),
  routeMetric: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 0xffffffff,
      description: 'a whole number from 1 to 4294967295: the metric of the carried routes',
    }),
  ),
  rules: Type.Optional(
    Type.Boolean({
      default: CONFIGURATION_DEFAULTS.rules,
      description: 'true or false: whether the policy rules that belong to what is carried are',
    }),
  ),
  neighbors: Type.Optional(
    Type.Union([Type.Literal('none'), Type.Literal('permanent'), Type.Literal('all')], {
      default: CONFIGURATION_DEFAULTS.neighbors,
      description: '"none", "permanent" or "all": which neighbour entries are carried',
    }),
  ),
  sysctls: Type.Optional(
    Type.Union([Type.Literal('all'), Type.Array(Type.String({ pattern: PER_INTERFACE_SYSCTL }))], {
      default: CONFIGURATION_DEFAULTS.sysctls,
      description:
        '"all", or a list of per-interface settings without the interface, such as "net.ipv4.conf.rp_filter"',
    }),
  ),
  ifName: Type.Optional(
    Type.String({
      pattern: '^(?!\\.{1,2}$)[^/:\\s\\u0000]{0,15}$',
      description: 'the name of the device in the sandbox, up to 15 bytes without / or :',
    }),
  ),
  mode: Type.Optional(
    Type.Union([Type.Literal('move'), Type.Literal('apply'), Type.Literal('capture')], {
      description: '"move", "apply" or "capture"; left out, the chain decides',
    }),
  ),
  ipam: Type.Optional(
    Type.Object(
      { type: Type.Optional(Type.String({ pattern: '^[^\\u0000]{0,255}$' })) },
      {
        description:
          'an object; its type is the IPAM plugin to ask for addresses, up to 255 characters',
      },
    ),
  ),
  dns: Type.Optional(
    Type.Object(
      {
        nameservers: Type.Optional(Type.Array(Type.String())),
        domain: Type.Optional(Type.String()),
        search: Type.Optional(Type.Array(Type.String())),
        options: Type.Optional(Type.Array(Type.String())),
      },
      { description: 'an object with nameservers, domain, search and options, for the result' },
    ),
  ),
  restoreOnDelete: Type.Optional(
    Type.Boolean({
      default: CONFIGURATION_DEFAULTS.restoreOnDelete,
      description: 'true or false: whether the device gets its host state back when it comes home',
    }),
  ),
  repairOnCheck: Type.Optional(
    Type.Boolean({
      default: CONFIGURATION_DEFAULTS.repairOnCheck,
      description: 'true or false: whether CHECK puts back what is missing before it says so',
    }),
  ),
  force: Type.Optional(
    Type.Boolean({
      default: CONFIGURATION_DEFAULTS.force,
      description: 'true or false: whether to lend a device that others depend on',
    }),
  ),
  foreignPrograms: Type.Optional(
    Type.Union([Type.Literal('keep'), Type.Literal('detach'), Type.Literal('refuse')], {
      default: CONFIGURATION_DEFAULTS.foreignPrograms,
      description:
        '"keep", "detach" or "refuse": what to do about XDP and tc programs of others on the device',
    }),
  ),
  gvisor: Type.Optional(
    Type.Union(
      [
        Type.Boolean(),
        Type.Object({
          timeoutSeconds: Type.Optional(Type.Number({ minimum: 0, maximum: 3600 })),
        }),
      ],
      {
        default: CONFIGURATION_DEFAULTS.gvisor,
        description:
          "true or false: whether the sandbox is gVisor's; or an object whose timeoutSeconds, up to 3600, is how long to wait for it",
      },
    ),
  ),
  timeoutSeconds: Type.Optional(
    Type.Number({
      exclusiveMinimum: 0,
      maximum: 3600,
      default: CONFIGURATION_DEFAULTS.timeoutSeconds,
      description: 'a number of seconds up to 3600: how long a call may take',
    }),
  ),
  logFile: Type.Optional(
    Type.String({
      pattern: ABSOLUTE_PATH,
      description: 'the absolute path of a file to add a JSON line to for each event',
    }),
  ),
  logLevel: Type.Optional(
    Type.Union(
      [Type.Literal('error'), Type.Literal('warning'), Type.Literal('info'), Type.Literal('debug')],
      {
        default: CONFIGURATION_DEFAULTS.logLevel,
        description: '"error", "warning", "info" or "debug": the least that is logged',
      },
    ),
  ),
  stateDir: Type.Optional(
    Type.String({
      pattern: ABSOLUTE_PATH,
      default: CONFIGURATION_DEFAULTS.stateDir,
      description: 'the absolute path of the directory that remembers what was lent',
    }),
  ),
  'cni.dev/valid-attachments': Type.Optional(
    Type.Union(
      [Type.Null(), Type.Array(Type.Object({ containerID: Type.String(), ifname: Type.String() }))],
      { description: 'a list of objects with containerID and ifname, or null for none' },
    ),
  ),
  capabilities: Type.Optional(
    Type.Object({}, { description: 'an object: what the runtime may give in runtimeConfig' }),
  ),
  args: Type.Optional(Type.Unknown({ description: 'anything: it is not read' })),
  prevResult: Type.Optional(
    Type.Object(ResultSchema.properties, {
      description: 'the result of the plugin before, with interfaces, ips and routes',
    }),
  ),
})

/** The keys as an operator may write them. */
export type WrittenConfiguration = Static<typeof ConfigurationSchema>

/** A configuration with its defaults filled in. */
export type Configuration = WrittenConfiguration &
  Required<Pick<WrittenConfiguration, keyof typeof CONFIGURATION_DEFAULTS>>
