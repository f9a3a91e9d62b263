import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { batch } from '../support/batch.js'
import { observeHost } from '../support/carried-state.js'
import { Features } from '../support/features.js'
import { LONG } from '../support/length.js'
import { callPlugin } from '../support/plugin.js'
import { randomState } from '../support/random-state.js'
import { randomKind, randomSettings, randomVisit } from '../support/random-visit.js'
import { runSync } from '../support/run-sync.js'
import { Testbed } from '../support/testbed.js'

const CASES = LONG ? 100 : 6

/** What else than the device itself shows in its link, or is not the same after any move. */
const NOT_ITS_OWN = ['ifindex', 'link_index', 'link_netnsid', 'stats', 'stats64']

/**
 * Whatever an administrator gave the device, and whatever the pod did to it: after ADD and DEL with
 * the default configuration, it is on the host as it was.
 */
describe.each(ARTEFACTS)('home as it left: $artefact', ({ path }) => {
  let testbed: Testbed
  let features: Features

  beforeEach(() => {
    testbed = new Testbed()
    features = new Features()
    testbed.run(testbed.pod, 'sysctl -q -w net.ipv6.conf.default.accept_dad=0')
  })
  afterEach(() => {
    features[Symbol.dispose]()
    testbed[Symbol.dispose]()
  })

  const force = (namespace: string, lines: string[]) =>
    runSync('ip', ['-n', namespace, '-force', '-batch', '-'], {
      input: lines.join('\n'),
      reject: false,
    })

  const shell = (namespace: string, script: string) =>
    runSync('ip', ['netns', 'exec', namespace, 'sh', '-c', script]).stdout

  const setSysctls = (namespace: string, device: string, settings: string[]) =>
    shell(
      namespace,
      settings
        .map((line) => line.replace('DEVICE', device).split(' '))
        .map(([name, value]) => `echo ${value} 2>/dev/null >/proc/sys/net/${name}`)
        .concat('true')
        .join('\n'),
    )

  /** The link as `ip` shows it, its offloads, its sysctls, and addresses, routes, rules and neighbours. */
  function observe() {
    const state = observeHost(testbed)
    const [link] = JSON.parse(testbed.onHost('-details -json link show dev eth1'))
    for (const name of NOT_ITS_OWN) delete link[name]
    // The kernel takes both for up, and gives no device the former back once it had the latter.
    if (link.operstate === 'UNKNOWN') link.operstate = 'UP'
    // In the order of a hash.
    link.linkinfo?.info_data?.macaddr_data?.sort()
    link.altnames?.sort()
    const sysctls = shell(testbed.host, 'grep -s . /proc/sys/net/ipv[46]/conf/eth1/* || true')
    const offloads = features.of(testbed.host, 'eth1')
    return { link, offloads, sysctls: sysctls.split('\n'), ...state }
  }

  /** Whatever name the pod has given it. */
  function exchangeInPod(masks: string[]): void {
    const links: { ifname: string }[] = JSON.parse(testbed.inPod('-json link show'))
    const name = ['net1', 'moved0'].find((one) => links.some(({ ifname }) => ifname === one))
    if (name) features.exchange(testbed.pod, name, masks)
  }

  /** A new device, on a host without rules of the former case. */
  function startAnew(kind: string): void {
    force(testbed.host, ['link delete eth1', 'link delete wire0', 'rule flush', '-6 rule flush'])
    force(testbed.host, [
      'rule add from all lookup main priority 32766',
      'rule add from all lookup default priority 32767',
      ...(kind === 'veth'
        ? [`link add eth1 type veth peer name eth1 netns ${testbed.cloud}`]
        : [
            `link add wire0 type veth peer name eth1 netns ${testbed.cloud}`,
            'link set wire0 up',
            `link add eth1 ${kind}`,
            'link set eth1 type macvlan macaddr add 02:00:00:00:00:96',
          ]),
      'link set eth1 up',
    ])
    force(testbed.cloud, ['link set eth1 up'])
    force(testbed.pod, ['rule delete from 10.99.0.1 lookup 77', 'link delete bridge0'])
    testbed.settle()
  }

  it(`after ${CASES} random visits of random devices`, () => {
    fc.assert(
      fc.property(
        randomKind,
        randomState,
        randomSettings,
        randomVisit,
        (kind, lines, settings, visit) => {
          startAnew(kind)
          force(testbed.host, [
            // Else it would keep the link-local address of its former MAC.
            'link set eth1 down',
            ...settings.link.map((words) => `link set eth1 ${words}`),
            'link set eth1 up',
            ...settings.names.map((name) => `link property add dev eth1 altname ${name}`),
          ])
          setSysctls(testbed.host, 'eth1', settings.sysctls)
          if (settings.features) features.exchange(testbed.host, 'eth1', settings.features)
          testbed.settle()
          force(testbed.host, lines)
          const before = observe()
          const added = callPlugin(testbed, path, 'ADD')
          expect(added.exitCode, added.stdout).toBe(0)
          setSysctls(testbed.pod, 'net1', visit.sysctls)
          force(testbed.pod, visit.lines)
          if (visit.features) exchangeInPod(visit.features)
          const { exitCode, stdout, stderr } = callPlugin(testbed, path, 'DEL')
          expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 0, stdout: '', stderr: '' })
          expect(observe()).toEqual(before)
        },
      ),
      { numRuns: CASES },
    )
  }, 600_000)

  // The kernel refuses an MTU in one message with the settings of vxlan.
  it('after a visit that changed the MTU and the settings of vxlan', () => {
    startAnew('type vxlan id 7 dstport 4789')
    force(testbed.host, ['link set eth1 mtu 1365'])
    const before = observe()
    expect(callPlugin(testbed, path, 'ADD').exitCode).toBe(0)
    batch(
      testbed.pod,
      'link set net1 mtu 1410',
      'link set net1 type vxlan remote 198.51.100.97 ttl 3',
    )
    const { exitCode, stdout, stderr } = callPlugin(testbed, path, 'DEL')
    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 0, stdout: '', stderr: '' })
    expect(observe()).toEqual(before)
  })
})
