import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS, JAVASCRIPT } from '../support/artefacts.js'
import { holdLock } from '../support/hold-lock.js'
import { callPlugin } from '../support/plugin.js'
import { RefuseRequests } from '../support/refuse-requests.js'
import { runSync } from '../support/run-sync.js'
import { ScriptedIpam } from '../support/scripted-ipam.js'
import { tampered, traceCalls } from '../support/strace.js'
import { Testbed } from '../support/testbed.js'

/** Keys of the second device's network. */
const SECOND = {
  configuration: { device: 'eth2', restoreOnDelete: true },
  variables: { CNI_CONTAINERID: 'container-2', CNI_IFNAME: 'net2' },
}
const FIRST = { configuration: { restoreOnDelete: true } }

let testbed: Testbed
beforeEach(() => {
  testbed = new Testbed()
  testbed.addDevice('eth2')
  testbed.onHost('address add 198.51.100.5/24 dev eth1')
  testbed.onHost('address add 192.0.2.5/24 dev eth2')
})
afterEach(() => testbed[Symbol.dispose]())

/** Routes of IPv4 and nexthop objects. */
function routes(): string[] {
  return ['nexthop', '-4 route show table all'].flatMap((words) =>
    testbed
      .onHost(words)
      .split('\n')
      .map((line) => line.trim().replaceAll(/ +/g, ' '))
      .filter((line) => line !== ''),
  )
}
const outstanding = () => testbed.filesIn('outstanding').length

/** Another sandbox, in which the second device may have what the first one has in its. */
class SecondPod {
  readonly #name = `${testbed.pod}-2`
  readonly path = `/run/netns/${this.#name}`

  constructor() {
    runSync('ip', ['netns', 'add', this.#name])
  }

  ip(words: string): string {
    return runSync('ip', ['-n', this.#name, ...words.split(' ')]).stdout
  }

  [Symbol.dispose](): void {
    runSync('ip', ['netns', 'delete', this.#name])
  }
}

describe.each(ARTEFACTS)('$artefact: what cannot be restored yet', ({ path }) => {
  const call = (command: string, options: object = FIRST) => {
    const outcome = callPlugin(testbed, path, command, options)
    expect(outcome.exitCode, outcome.stdout).toBe(0)
    return outcome
  }

  it('a nexthop object comes back once the link has a carrier', () => {
    testbed.onHost('nexthop add id 7 via 198.51.100.1 dev eth1')
    const before = routes()
    call('ADD')
    testbed.inCloud('link set eth1 down')
    expect(call('DEL').stderr).toMatch(
      /eth1 is home without nexthop object 7: .*; it is tried again with the next calls/,
    )
    expect(outstanding()).toBe(1)
    testbed.inCloud('link set eth1 up')
    testbed.settle()
    call('DEL')
    expect(routes()).toEqual(before)
    expect(outstanding()).toBe(0)
  })

  it('a resilient group that is there is no other, although the kernel counts its time', async () => {
    const group = 'type resilient buckets 4 idle_timer 120 unbalanced_timer 0'
    for (const words of [
      'nexthop add id 7 via 198.51.100.1 dev eth1',
      'nexthop add id 8 via 192.0.2.1 dev eth2',
      'nexthop add id 10 via 192.0.2.2 dev eth2',
      `nexthop add id 9 group 7/8/10 ${group}`,
      'route add 203.0.113.0/24 nhid 9',
    ])
      testbed.onHost(words)
    call('ADD')
    // What was just used stays with the other members, so the group is unbalanced with all.
    const traffic = 'for n in {1..50}; do echo > /dev/udp/203.0.113.$n/9; done'
    runSync('ip', ['netns', 'exec', testbed.host, 'bash', '-c', traffic])
    const record = `${testbed.stateDirectory}/attachments/container-1:net1.json`
    const wrapper = tampered('-P', record, '-e', 'inject=unlink,unlinkat:signal=KILL')
    expect(callPlugin(testbed, path, 'DEL', { ...FIRST, wrapper }).exitCode).toBeUndefined()
    const shown = () => testbed.onHost('-d nexthop show id 9')
    expect(shown()).toContain('group 7/8/10')
    await expect.poll(shown, { timeout: 5000 }).not.toMatch(/unbalanced_time 0(\.0*)? /)
    expect(call('DEL').stderr).toBe('')
    expect(outstanding()).toBe(0)
  })

  it('an ADD that is refused after that says that something was changed', () => {
    testbed.onHost('nexthop add id 7 via 198.51.100.1 dev eth1')
    const before = routes()
    call('ADD')
    testbed.inCloud('link set eth1 down')
    call('DEL')
    testbed.inCloud('link set eth1 up')
    runSync('mkdir', [`${testbed.stateDirectory}/locks/container-2:net2`])
    const { document } = callPlugin(testbed, path, 'ADD', SECOND)
    expect(document).toMatchObject({
      msg: expect.stringMatching(/^cannot lock /),
      details: expect.stringMatching(/^nothing else was changed: /),
    })
    expect(routes()).toEqual(before)
  })

  it.each([
    ['first', FIRST, SECOND],
    ['last', SECOND, FIRST],
  ])('a route through two devices, both lent: that lent first comes home %s', (_, one, other) => {
    using pod = new SecondPod()
    const second = { ...SECOND, variables: { ...SECOND.variables, CNI_NETNS: pod.path } }
    const [{ ifindex }] = JSON.parse(testbed.onHost('-json link show eth2'))
    pod.ip(`link add other index ${ifindex} type ifb`)
    for (const words of [
      'route add 203.0.113.0/24 nexthop via 198.51.100.1 dev eth1 nexthop via 192.0.2.1 dev eth2 weight 3',
      'route add default nexthop via 192.0.2.1 dev eth2 nexthop via 198.51.100.1 dev eth1',
    ])
      testbed.onHost(words)
    const before = routes()
    call('ADD')
    call('ADD', second)
    expect(pod.ip(`-json link show net2`)).not.toContain(`"ifindex":${ifindex},`)
    call('DEL', one === SECOND ? second : one)
    // Meanwhile it leads through the one that is there.
    expect(testbed.onHost('route show default')).toContain('default via')
    expect(call('DEL', other === SECOND ? second : other).stderr).toBe('')
    expect(routes()).toEqual(before)
    expect(outstanding()).toBe(0)
  })

  describe('a route through another device that is down', () => {
    let before: string[]
    beforeEach(() => {
      testbed.onHost(
        'route add 203.0.113.0/24 nexthop via 198.51.100.1 dev eth1 nexthop via 192.0.2.1 dev eth2',
      )
      before = routes()
    })
    const lose = () => {
      testbed.onHost('link set eth2 down')
      expect(call('DEL').stderr).toMatch(
        /eth1 is home without route 203.0.113.0\/24 .*; it is tried again with the next calls/,
      )
      expect(outstanding()).toBe(1)
      expect(testbed.onHost('route show 203.0.113.0/24')).toContain('via 198.51.100.1 dev eth1')
      testbed.onHost('link set eth2 up')
    }

    it('comes back with ADD of the device, with DEL of another, and with GC', () => {
      call('ADD')
      lose()
      call('ADD')
      lose()
      call('DEL', SECOND)
      expect(routes()).toEqual(before)
      call('ADD')
      lose()
      call('GC', { configuration: { 'cni.dev/valid-attachments': [] } })
      expect(routes()).toEqual(before)
    })

    it('comes back with an ADD that applies the state of another device', () => {
      using pod = new SecondPod()
      call('ADD')
      lose()
      pod.ip('link add net2 type ifb')
      const variables = { ...SECOND.variables, CNI_NETNS: pod.path }
      call('ADD', { configuration: { device: 'eth2', mode: 'apply' }, variables })
      expect(routes()).toEqual(before)
      expect(outstanding()).toBe(0)
    })

    it('after a failed ADD comes back with DEL', () => {
      using ipam = new ScriptedIpam({ ADD: 'ip link set eth2 down; exit 1' })
      const options = {
        configuration: { ipam: { type: ipam.type } },
        variables: { CNI_PATH: ipam.directory },
      }
      const { document } = callPlugin(testbed, path, 'ADD', options)
      expect(document.details).toMatch(/without route 203.0.113.0\/24 .*; it is tried again/)
      testbed.onHost('link set eth2 up')
      call('DEL')
      expect(routes()).toEqual(before)
    })

    it('is forgotten with a device that is gone', () => {
      call('ADD')
      lose()
      testbed.onHost('link delete eth1')
      call('DEL')
      expect(outstanding()).toBe(0)
    })

    const editRecord = (edit: (text: string) => string): string => {
      const [name] = testbed.filesIn('outstanding')
      const file = `${testbed.stateDirectory}/outstanding/${name}`
      writeFileSync(file, edit(readFileSync(file, 'utf8')))
      return file
    }

    it('is tried again without a change of a device that is known by its MAC only', () => {
      call('ADD')
      lose()
      testbed.onHost('link set eth2 down')
      // As a NIC that was reset, it is found in the list of all devices.
      const [{ address, ifindex }] = JSON.parse(testbed.onHost('-json link show eth1'))
      const file = editRecord((text) => text.replace(/,"identity":\{[^}]*\}/, ''))
      renameSync(file, file.replace(/device-\d+/, `device-${ifindex}`))
      testbed.onHost('link delete eth1')
      testbed.addDevice('eth1')
      testbed.onHost(`link set eth1 address ${address}`)
      const { exitCode, calls } = traceCalls(testbed, path, 'DEL', 'sendto', SECOND)
      expect(exitCode).toBe(0)
      expect(calls.filter((line) => line.includes('IFLA_MTU'))).toEqual([])
      expect(outstanding()).toBe(1)
      testbed.onHost('link set eth2 up')
      testbed.onHost('address add 198.51.100.5/24 dev eth1')
      call('DEL', SECOND)
      expect(testbed.onHost('route show 203.0.113.0/24')).toContain('dev eth1')
    })

    it('is forgotten after a restart of the node', () => {
      call('ADD')
      lose()
      editRecord((text) => text.replace(/"bootId":"[^"]+"/, '"bootId":"another"'))
      call('DEL')
      expect(outstanding()).toBe(0)
      expect(routes()).not.toEqual(before)
    })

    describe('while another call has the device', () => {
      const holdDevice = () => {
        const [{ ifindex }] = JSON.parse(testbed.onHost('-json link show eth1'))
        return holdLock(`${testbed.stateDirectory}/locks/device-${ifindex}`)
      }

      it('is left to that, and no other call waits', async () => {
        testbed.addDevice('eth3')
        testbed.onHost('address add 192.0.3.5/24 dev eth3')
        const third = { ...SECOND, configuration: { device: 'eth3' } }
        call('ADD')
        lose()
        {
          await using _holder = await holdDevice()
          const since = Date.now()
          for (const command of ['ADD', 'DEL']) call(command, third)
          expect(Date.now() - since).toBeLessThan(9000)
          expect(outstanding()).toBe(1)
        }
        call('DEL', third)
        expect(routes().filter((line) => !line.includes('eth3'))).toEqual(before)
      })

      it('is not forgotten after a restart of the node', async () => {
        call('ADD')
        lose()
        editRecord((text) => text.replace(/"bootId":"[^"]+"/, '"bootId":"another"'))
        {
          await using _holder = await holdDevice()
          call('DEL', SECOND)
          expect(outstanding()).toBe(1)
        }
        call('DEL', SECOND)
        expect(outstanding()).toBe(0)
      })
    })

    it('gives up, and says so, where another is in its place', () => {
      call('ADD')
      lose()
      testbed.onHost('route replace 203.0.113.0/24 via 192.0.2.9 dev eth2')
      expect(call('DEL').stderr).toMatch(/eth1 stays without route 203.0.113.0\/24 .*: File exists/)
      expect(outstanding()).toBe(0)
      expect(testbed.onHost('route show 203.0.113.0/24')).toContain('via 192.0.2.9 dev eth2')
    })

    it('is all: what was taken from the host meanwhile stays away', () => {
      testbed.onHost('address add 198.51.100.6/24 dev eth1')
      testbed.onHost('route add 203.0.114.0/24 via 198.51.100.1')
      call('ADD')
      lose()
      testbed.onHost('route delete 203.0.114.0/24')
      testbed.onHost('address delete 198.51.100.6/24 dev eth1')
      testbed.onHost('link set eth1 mtu 1400')
      call('DEL')
      expect(routes()).toEqual(before)
      expect(testbed.onHost('address show dev eth1')).not.toContain('198.51.100.6')
      expect(testbed.onHost('link show dev eth1')).toContain('mtu 1400')
    })
  })
})

describe('an error of the kernel that passes', () => {
  const call = (variables: Record<string, string>) =>
    callPlugin(testbed, JAVASCRIPT, 'DEL', { ...FIRST, variables })

  it('makes DEL fail, and a later one has all back', () => {
    using refuse = new RefuseRequests()
    testbed.onHost('route add 203.0.113.0/24 via 198.51.100.1')
    const before = routes()
    expect(callPlugin(testbed, JAVASCRIPT, 'ADD', FIRST).exitCode).toBe(0)
    const { document } = call(refuse.variables('route', 'ENOBUFS'))
    expect(document).toMatchObject({
      code: 103,
      msg: expect.stringContaining('203.0.113.0/24 via 198.51.100.1 dev eth1: No buffer space'),
    })
    expect(call({})).toMatchObject({ exitCode: 0, stderr: '' })
    expect(routes()).toEqual(before)
  })

  it('about an IPv6 address does not turn IPv6 on, where somebody has turned it off since', () => {
    using refuse = new RefuseRequests()
    testbed.onHost('address add 2001:db8::5/64 dev eth1 nodad')
    expect(callPlugin(testbed, JAVASCRIPT, 'ADD', FIRST).exitCode).toBe(0)
    expect(call(refuse.variables('address', 'ENOBUFS')).exitCode).toBe(1)
    const ipv6 = (words: string) => testbed.run(testbed.host, `sysctl -n ${words}`).stdout.trim()
    ipv6('-w net.ipv6.conf.eth1.disable_ipv6=1')
    expect(call({}).exitCode).toBe(0)
    expect(ipv6('net.ipv6.conf.eth1.disable_ipv6')).toBe('1')
    expect(testbed.onHost('address show dev eth1')).toContain('198.51.100.5')
    ipv6('-w net.ipv6.conf.eth1.disable_ipv6=0')
    call({})
    expect(testbed.onHost('address show dev eth1')).toContain('2001:db8::5/64')
    expect(outstanding()).toBe(0)
  })

  it('about a route of a router advertisement does not lose it', () => {
    using refuse = new RefuseRequests()
    testbed.onHost('route add 2001:db8:9::/48 via fe80::1 dev eth1 proto ra metric 1024')
    expect(callPlugin(testbed, JAVASCRIPT, 'ADD', FIRST).exitCode).toBe(0)
    expect(call(refuse.variables('route', 'ENOBUFS')).exitCode).toBe(1)
    expect(call({})).toMatchObject({ exitCode: 0, stderr: '' })
    // It is behind the one that the kernel makes.
    expect(testbed.onHost('-6 route show proto ra')).toContain('2001:db8:9::/48 via fe80::1')
    expect(testbed.onHost('-6 route show proto ra')).toContain('metric 1025')
  })

  it('that never passes makes three of them fail, and no more', () => {
    using refuse = new RefuseRequests()
    testbed.onHost('route add 203.0.113.0/24 via 198.51.100.1')
    expect(callPlugin(testbed, JAVASCRIPT, 'ADD', FIRST).exitCode).toBe(0)
    const codes = [1, 2, 3, 4, 5].map(() => call(refuse.variables('route', 'ENOMEM')).exitCode)
    expect(codes).toEqual([1, 1, 1, 0, 0])
    expect(outstanding()).toBe(1)
  })

  it('of a device that cannot come up does not make DEL fail for ever', () => {
    using refuse = new RefuseRequests()
    testbed.onHost('route add 203.0.113.0/24 via 198.51.100.1')
    const before = routes()
    expect(callPlugin(testbed, JAVASCRIPT, 'ADD', FIRST).exitCode).toBe(0)
    const codes = [1, 2, 3, 4].map(() => call(refuse.variables('up', 'EIO')).exitCode)
    expect(codes).toEqual([1, 1, 1, 0])
    expect(testbed.onHost('link show dev eth1 up')).toBe('')
    expect(call({})).toMatchObject({ exitCode: 0, stderr: '' })
    testbed.settle()
    expect(routes()).toEqual(before)
  })

  it('on another device does not matter to a call', () => {
    using refuse = new RefuseRequests()
    testbed.onHost('route add 203.0.113.0/24 via 198.51.100.1')
    expect(callPlugin(testbed, JAVASCRIPT, 'ADD', FIRST).exitCode).toBe(0)
    const variables = refuse.variables('route', 'ENOMEM')
    expect(call(variables).exitCode).toBe(1)
    const others = { ...SECOND, variables: { ...SECOND.variables, ...variables } }
    expect(callPlugin(testbed, JAVASCRIPT, 'DEL', others).exitCode).toBe(0)
  })
})
