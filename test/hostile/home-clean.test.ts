import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { Attackers } from '../support/attacker.js'
import { batch } from '../support/batch.js'
import { ALL_FEATURES, Features } from '../support/features.js'
import { callPlugin } from '../support/plugin.js'
import { runSync } from '../support/run-sync.js'
import { tampered, traceCalls } from '../support/strace.js'
import { Testbed } from '../support/testbed.js'

/** What a pod does to the device that it was lent. Each is undone when the device is home. */
const CHANGES = [
  ['another MAC', 'link set net1 address 02:00:00:00:00:99'],
  ['another broadcast address', 'link set net1 brd 02:ff:ff:ff:ff:fe'],
  ['another MTU', 'link set net1 mtu 1280'],
  ['promiscuous', 'link set net1 promisc on'],
  ['all multicast', 'link set net1 allmulticast on'],
  ['no multicast', 'link set net1 multicast off'],
  ['no ARP', 'link set net1 arp off'],
  ['a group', 'link set net1 group 7'],
  ['a queue length', 'link set net1 txqueuelen 17'],
  ['GSO size', 'link set net1 gso_max_size 4096'],
  ['GSO segments', 'link set net1 gso_max_segs 3'],
  ['GRO size', 'link set net1 gro_max_size 4096'],
  ['dormant', 'link set net1 mode dormant'],
  ['how IPv6 addresses are made', 'link set net1 addrgenmode none'],
  ['an alternative name', 'link property add dev net1 altname of-the-pod'],
] as const

describe.each(ARTEFACTS)('a device comes home clean: $artefact', ({ path }) => {
  let testbed: Testbed
  /** All that `ip` shows of the device, but for counters and what changes by itself. */
  const shown = () => {
    const [link] = JSON.parse(testbed.onHost('-json -details link show dev eth1'))
    return link
  }
  const call = (command: string) => {
    const outcome = callPlugin(testbed, path, command, {})
    expect(outcome.exitCode, outcome.stdout).toBe(0)
    return outcome
  }

  beforeEach(() => {
    testbed = new Testbed()
  })
  afterEach(() => testbed[Symbol.dispose]())

  it.each(CHANGES)('after %s', (_, change) => {
    const before = shown()
    call('ADD')
    testbed.inPod(change)
    call('DEL')
    expect(shown()).toEqual(before)
  })

  it.each(['all', 'default'])('with IPv4, also if its pod has named it %s', (name) => {
    for (const mtu of [1500, 9000, 65_535, 1280, 68]) {
      testbed.onHost(`link set eth1 mtu ${mtu}`)
      testbed.onHost('address replace 198.51.100.5/24 dev eth1')
      const before = testbed.hostState()
      call('ADD')
      testbed.inPod('link set net1 down')
      // With less than 1280 a device has no IPv6, which refuses the name.
      testbed.inPod('link set net1 mtu 1000')
      testbed.inPod(`link set net1 name ${name}`)
      testbed.inPod(`link set ${name} mtu ${mtu}`)
      call('DEL')
      expect(testbed.hostState()).toBe(before)
    }
  })

  it('after all of them, also when the host had other values than the defaults', () => {
    for (const words of [
      'mtu 1400',
      'promisc on',
      'group 3',
      'address 02:00:00:00:00:55',
      'brd 02:00:00:00:00:56',
    ])
      testbed.onHost(`link set eth1 ${words}`)
    const before = shown()
    call('ADD')
    for (const [, change] of CHANGES) testbed.inPod(change)
    call('DEL')
    expect(shown()).toEqual(before)
  })

  it.each([
    ['come up at once', '0'],
    ['come up with a sysctl of their own', '1'],
  ])('awake, also where the carrier never changes: those that %s', (_, acceptDad) => {
    testbed.onHost('link add quiet0 type ifb')
    testbed.run(testbed.host, `sysctl -q -w net.ipv6.conf.quiet0.accept_dad=${acceptDad}`)
    testbed.onHost('link set quiet0 up')
    const options = { configuration: { device: 'quiet0' } }
    expect(callPlugin(testbed, path, 'ADD', options).exitCode).toBe(0)
    testbed.inPod('link set net1 mode dormant')
    testbed.inPod('link set net1 state dormant')
    expect(testbed.inPod('link show dev net1')).toContain('state DORMANT')
    expect(callPlugin(testbed, path, 'DEL', options)).toMatchObject({ exitCode: 0, stderr: '' })
    const [link] = JSON.parse(testbed.onHost('-json link show dev quiet0'))
    expect(link).toMatchObject({ operstate: 'UP', linkmode: 'DEFAULT' })
  })

  /** A device of the host, named special0: what `ip` shows of it before it is lent, and after. */
  function shownAround(
    words: string,
    changes: string[],
    onHost: string[] = [],
    more: () => void = () => {},
  ) {
    const options = { configuration: { device: 'special0' } }
    testbed.onHost(`link add special0 address 02:00:00:00:00:77 ${words}`)
    for (const line of onHost) testbed.onHost(line)
    testbed.onHost('link set special0 up')
    testbed.settle()
    const show = () => {
      const [link] = JSON.parse(testbed.onHost('-json -details link show dev special0'))
      const { info_data } = link.linkinfo
      // In the order of a hash, and what the whole port of all macvlans uses.
      info_data.macaddr_data?.sort()
      delete info_data.bc_queue_len_used
      delete info_data.usedbcqueuelen
      return link
    }
    const before = show()
    expect(callPlugin(testbed, path, 'ADD', options).exitCode).toBe(0)
    for (const line of changes) testbed.inPod(line)
    more()
    expect(callPlugin(testbed, path, 'DEL', options)).toMatchObject({ exitCode: 0, stderr: '' })
    testbed.settle()
    return { before, after: show() }
  }
  const MACVLAN = 'link eth1 type macvlan mode'
  const MODE_SOURCE = 'type macvlan mode source'
  const VXLAN = 'type vxlan id 7 dstport 4789'

  it.each([
    ['protodown', ['link set net1 protodown on']],
    ['with reasons', ['link set net1 protodown on protodown_reason 3 on']],
  ])('with its carrier: %s', (_, changes) => {
    const { before, after } = shownAround(`${MACVLAN} bridge`, changes)
    expect(before.operstate).toBe('UP')
    expect(after).toEqual(before)
  })

  it.each([
    ['mode', `${MACVLAN} bridge`, ['type macvlan mode private']],
    ['queue', `${MACVLAN} vepa`, ['type macvlan bcqueuelen 7', 'type macvlan mode bridge']],
    ['flags', `${MACVLAN} passthru`, ['type macvlan mode passthru nopromisc']],
    ['sources', `${MACVLAN} source`, ['type macvlan macaddr add 02:00:00:00:00:99']],
    [
      'vxlan',
      `${VXLAN} remote 198.51.100.1`,
      ['type vxlan remote 6.6.6.6 ttl 3 ageing 77 nolearning'],
    ],
    ['vxlan without a remote', VXLAN, ['type vxlan remote 6.6.6.6 local 7.7.7.7']],
  ])('with the settings that its driver had: %s', (_, words, changes) => {
    const lines = changes.map((change) => `link set net1 ${change}`)
    const { before, after } = shownAround(words, lines)
    expect(after).toEqual(before)
  })

  it('with the MACs that a macvlan of the host receives from', () => {
    const add = (name: string, n: number) =>
      `link set ${name} type macvlan macaddr add 02:00:00:00:00:0${n}`
    const { before, after } = shownAround(
      `${MACVLAN} source`,
      ['link set net1 type macvlan macaddr flush', add('net1', 7)],
      [1, 2, 3].map((n) => add('special0', n)),
    )
    expect(JSON.stringify(before)).toContain('02:00:00:00:00:03')
    expect(after).toEqual(before)
  })

  it.each(['all on', 'some off'])('with its offloads: %s on the host', (kind) => {
    using features = new Features()
    if (kind === 'some off') features.exchange(testbed.host, 'eth1', ['00000f0f', '0000ffff'])
    const before = features.of(testbed.host, 'eth1')
    call('ADD')
    const changed = features.exchange(testbed.pod, 'net1', ALL_FEATURES)
    expect(changed).not.toBe(before)
    expect(call('DEL').stderr).toBe('')
    expect(features.of(testbed.host, 'eth1')).toBe(before)
  })

  it('without its offloads, with a warning, where the kernel refuses them', () => {
    using features = new Features()
    const lendAndExchange = () => {
      call('ADD')
      features.exchange(testbed.pod, 'net1', ALL_FEATURES)
    }
    lendAndExchange()
    const { calls } = traceCalls(testbed, path, 'DEL', 'ioctl')
    // Of the runtime's own there are some, and of those that are meant the second one is the change.
    const nth = calls.findLastIndex((one) => one.includes('SIOCETHTOOL')) + 1
    lendAndExchange()
    const wrapper = tampered('-e', 'trace=ioctl', '-e', `inject=ioctl:error=EBUSY:when=${nth}`)
    const { exitCode, stderr } = callPlugin(testbed, path, 'DEL', { wrapper })
    expect({ exitCode, stderr }).toEqual({
      exitCode: 0,
      stderr: expect.stringMatching(
        /eth1 is home with other features \(offloads\) than it had: .*busy/,
      ),
    })
  })

  it('without a word, where the kernel does not tell of offloads', () => {
    const wrapper = tampered('-e', 'trace=ioctl', '-e', 'inject=ioctl:error=EOPNOTSUPP')
    for (const command of ['ADD', 'DEL']) {
      const { exitCode, stderr } = callPlugin(testbed, path, command, { wrapper })
      expect(exitCode).toBe(0)
      expect(stderr).not.toContain('offloads')
    }
    expect(testbed.onHost('link show dev eth1 up')).toContain('eth1')
  })

  it('dormant, if it was so on the host', () => {
    testbed.onHost('link set eth1 mode dormant')
    testbed.onHost('link set eth1 down')
    testbed.onHost('link set eth1 up')
    call('ADD')
    testbed.inPod('link set net1 mode default')
    call('DEL')
    expect(shown()).toMatchObject({ operstate: 'DORMANT', linkmode: 'DORMANT' })
  })

  it.each(['bridge', 'passthru'])('without a macvlan of the pod: %s', (mode) => {
    call('ADD')
    testbed.inPod(`link add spy link net1 type macvlan mode ${mode}`)
    testbed.inPod('link set spy up')
    call('DEL')
    expect(testbed.inPod('-brief link')).not.toContain('spy')
    expect(shown().promiscuity).toBe(0)
  })

  /** So many MACs that the lengths in the kernel's message about the macvlan are wrong. */
  const receiveFromMany = (name: string, length: number) => {
    const pair = (n: number) => n.toString(16).padStart(2, '0')
    const lines = Array.from(
      { length },
      (_, n) =>
        `link set ${name} type macvlan macaddr add 02:ff:${pair(n >> 8)}:${pair(n & 0xff)}:00:00`,
    )
    batch(testbed.pod, ...lines)
  }

  it('although the kernel cannot tell of a macvlan that its pod made on it', () => {
    testbed.onHost('link add mv1 link eth1 type macvlan mode bridge')
    const other = { configuration: { device: 'mv1' }, variables: { CNI_IFNAME: 'net2' } }
    expect(callPlugin(testbed, path, 'ADD', other).exitCode).toBe(0)
    expect(callPlugin(testbed, path, 'ADD', { configuration: { force: true } }).exitCode).toBe(0)
    testbed.inPod(`link add spy link net1 ${MODE_SOURCE}`)
    receiveFromMany('spy', 12_000)
    call('DEL')
    const devices = testbed.inPod('-brief link')
    expect(devices).not.toContain('spy')
    expect(devices).toContain('net2')
    expect(callPlugin(testbed, path, 'DEL', other).exitCode).toBe(0)
  })

  it('a macvlan of which the kernel cannot tell in its pod', () => {
    const { before, after } = shownAround(
      `link eth1 ${MODE_SOURCE}`,
      [],
      ['link set special0 type macvlan macaddr add 02:00:00:00:00:01'],
      () => receiveFromMany('net1', 6000),
    )
    expect(JSON.stringify(before)).toContain('02:00:00:00:00:01')
    expect(after).toEqual(before)
  })

  it('without a macvlan of the pod that another hides, whose name is no UTF-8', () => {
    call('ADD')
    testbed.inPod('link add spy link net1 type macvlan mode bridge')
    const { pod } = testbed
    runSync('sh', [
      '-c',
      `ip -n ${pod} link add "$(printf '\\377')" link net1 type macvlan mode bridge`,
    ])
    call('DEL')
    expect(testbed.inPod('-brief link')).not.toMatch(/@/)
  })

  it('without the macvlans that a process of the pod goes on to make, and renames', async () => {
    call('ADD')
    await using attackers = new Attackers(testbed.pod)
    await attackers.repeat(
      'sleep 0.02; ip link add link net1 type macvlan mode bridge; ip link set macvlan0 name other || ip link set other name macvlan0',
    )
    call('DEL')
    expect(testbed.inPod('-brief link')).not.toMatch(/@/)
  })

  it('out of a bridge of the pod, which stays', () => {
    call('ADD')
    testbed.inPod('link add br7 type bridge')
    testbed.inPod('link set net1 master br7')
    call('DEL')
    expect(testbed.inPod('-brief link')).toContain('br7')
    expect(shown().master).toBeUndefined()
  })

  it('without filters of the pod', () => {
    call('ADD')
    const tc = (namespace: string, words: string) =>
      runSync('tc', ['-n', namespace, ...words.split(' ')]).stdout
    tc(testbed.pod, 'qdisc add dev net1 clsact')
    call('DEL')
    expect(tc(testbed.host, 'qdisc show dev eth1')).not.toContain('clsact')
  })
})
