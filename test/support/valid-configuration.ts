import fc from 'fast-check'
import { VERSIONS } from './result-specification.js'

const SANDBOX = '/run/netns/some-pod'

const route = fc.record(
  {
    dst: fc.constantFrom('0.0.0.0/0', '10.0.0.0/8', '2001:db8::/32'),
    gw: fc.constantFrom('10.22.0.1', '2001:db8::1'),
    mtu: fc.constant(1400),
    advmss: fc.constant(1360),
    priority: fc.nat(),
    table: fc.nat(),
    scope: fc.constant(253),
  },
  { requiredKeys: ['dst'] },
)

const oneFamily = fc.record(
  {
    ip: fc.constantFrom('10.22.0.2/16', '2001:db8::5/64'),
    gateway: fc.constantFrom('10.22.0.1', '2001:db8::1'),
    routes: fc.array(route, { maxLength: 2 }),
  },
  { requiredKeys: ['ip'] },
)

/** The result of a plugin before, of any version. */
const previousResult = fc.record(
  {
    cniVersion: fc.constantFrom(...VERSIONS),
    interfaces: fc.array(
      fc.record({
        ...{ name: fc.constantFrom('net1', 'eth0', 'bridge0'), sandbox: fc.constant(SANDBOX) },
        ...{ mac: fc.constant('02:00:00:00:00:01'), mtu: fc.nat(), extra: fc.boolean() },
      }),
      { maxLength: 2 },
    ),
    ips: fc.array(
      fc.record({
        ...{ version: fc.constantFrom('4', '6'), interface: fc.nat(2) },
        ...{ address: fc.constantFrom('10.22.0.2/16', '2001:db8::5/64') },
      }),
      { maxLength: 2 },
    ),
    routes: fc.array(route, { maxLength: 2 }),
    dns: fc.constant({ nameservers: ['10.22.0.1'] }),
    ip4: oneFamily,
    ip6: oneFamily,
  },
  { requiredKeys: [] },
)

/** A configuration that can be read, with any of the keys there are; its device is nowhere. */
export const validConfiguration = (stateDirectory: string): fc.Arbitrary<object> =>
  fc.record(
    {
      cniVersion: fc.constantFrom(...VERSIONS, '1.1.0', '1.1.0', '1.0.0'),
      name: fc.constantFrom('network', 'a.b-c_9'),
      type: fc.constant('host-device-l3'),
      device: fc.constantFrom('absent-device', 'lo', ''),
      hwaddr: fc.constantFrom('fe:dc:ba:98:76:54', 'FE-DC-BA-98-76-54', ''),
      kernelpath: fc.constantFrom('/sys/devices/virtual/nothing', ''),
      pciBusID: fc.constantFrom('0000:ff:1f.7', ''),
      runtimeConfig: fc.record({ deviceID: fc.constantFrom('0000:ff:1f.7', 'mlx5_core.sf.4') }),
      useInterfaceNetwork: fc.boolean(),
      dynamicAddresses: fc.constantFrom(
        ...['drop', 'ipv4', 'all', { carry: 'ipv4' }, { carry: 'all', lifetime: 'remaining' }],
      ),
      routes: fc.constantFrom(true, false, {}, { default: true }, { default: false }),
      routeMetric: fc.integer({ min: 1, max: 0xffffffff }),
      rules: fc.boolean(),
      neighbors: fc.constantFrom('none', 'permanent', 'all'),
      sysctls: fc.constantFrom('all', [], ['net.ipv4.conf.rp_filter']),
      ifName: fc.constantFrom('net2', ''),
      mode: fc.constantFrom('move', 'apply', 'capture'),
      ipam: fc.constantFrom({}, { type: 'no-such-plugin' }, { type: '' }),
      gvisor: fc.constantFrom(true, false, {}, { timeoutSeconds: 0.5 }),
      dns: fc.constantFrom({}, { nameservers: ['10.0.0.1'], domain: 'd', search: [], options: [] }),
      restoreOnDelete: fc.boolean(),
      repairOnCheck: fc.boolean(),
      force: fc.boolean(),
      foreignPrograms: fc.constantFrom('keep', 'detach', 'refuse'),
      timeoutSeconds: fc.constantFrom(1, 0.5, 3600),
      logFile: fc.constant(`${stateDirectory}/log`),
      logLevel: fc.constantFrom('error', 'warning', 'info', 'debug'),
      stateDir: fc.constant(stateDirectory),
      'cni.dev/valid-attachments': fc.constantFrom(null, [], [{ containerID: 'c', ifname: 'e' }]),
      capabilities: fc.constant({ deviceID: true }),
      args: fc.constant({ cni: { labels: [] } }),
      prevResult: previousResult,
    },
    { requiredKeys: ['name', 'device', 'stateDir'] },
  )
