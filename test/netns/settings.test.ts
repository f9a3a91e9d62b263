import { readFileSync, writeFileSync } from 'node:fs'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { callPlugin } from '../support/plugin.js'
import { runSync } from '../support/run-sync.js'
import { Testbed } from '../support/testbed.js'

/** What the kernel does not report with a device, or works out itself. */
const NOT_REPORTED = [
  ...['mtu', 'mc_forwarding', 'stable_secret'],
  ...['ra_honor_pio_life', 'ra_honor_pio_pflag', 'regen_min_advance'],
]

/** Gives every setting another value that it takes, but for one that would take IPv6 away. */
const CHANGE_ALL = `
  for file in /proc/sys/net/ipv[46]/conf/eth1/*; do
    case $file in */disable_ipv6) continue ;; esac
    was=$(cat $file 2>/dev/null) || continue
    for value in $((was + 1)) $((was - 1)); do
      echo $value 2>/dev/null >$file && break
    done
  done`

describe.each(ARTEFACTS)('the settings of a device: $artefact', ({ path }) => {
  let testbed: Testbed
  const restore = { configuration: { restoreOnDelete: true } }

  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    testbed.onHost('route add 203.0.113.0/24 via 198.51.100.1')
  })
  afterEach(() => testbed[Symbol.dispose]())

  const shell = (script: string) =>
    runSync('ip', ['netns', 'exec', testbed.host, 'sh', '-c', script]).stdout
  const set = (name: string, value: number, device = 'eth1') =>
    shell(`echo ${value} >/proc/sys/net/${name.replace('eth1', device)}`)
  const get = (name: string) => shell(`cat /proc/sys/net/${name}`)

  function settings(): Map<string, string> {
    const lines = shell('grep -s . /proc/sys/net/ipv[46]/conf/eth1/* || true').split('\n')
    return new Map(
      lines
        .map((line) => line.replace('/proc/sys/net/', '').split(':', 2) as [string, string])
        .filter(([name]) => !NOT_REPORTED.includes(name.split('/').at(-1) ?? '')),
    )
  }

  function failToAdd(): string {
    testbed.inPod('link add other index 900 type ifb')
    testbed.inPod('link set other up')
    testbed.inPod('route add 203.0.113.0/24 dev other')
    const { exitCode, document } = callPlugin(testbed, path, 'ADD')
    expect(exitCode).toBe(1)
    expect(document.code).toBe(102)
    return document.details
  }

  const SECRET = '2001:0db8:0000:0000:0000:0000:0000:1234'

  it.each([[[]], ['all']])(
    'with a secret for its addresses: it is home again (sysctls: %j)',
    (sysctls) => {
      shell(`echo ${SECRET} >/proc/sys/net/ipv6/conf/eth1/stable_secret`)
      const configuration = { sysctls, restoreOnDelete: true }
      const { exitCode, stdout } = callPlugin(testbed, path, 'ADD', { configuration })
      expect(exitCode, stdout).toBe(0)
      const inPod = 'cat /proc/sys/net/ipv6/conf/net1/stable_secret'
      if (sysctls === 'all') expect(testbed.run(testbed.pod, inPod).stdout).toBe(SECRET)
      expect(callPlugin(testbed, path, 'DEL', { configuration }).stderr).toBe('')
      expect(get('ipv6/conf/eth1/stable_secret')).toBe(SECRET)
      expect(get('ipv6/conf/eth1/addr_gen_mode')).toBe('2')
    },
  )

  it('are all as they were after an ADD that failed', () => {
    const defaults = settings()
    shell(CHANGE_ALL)
    const before = settings()
    const changed = [...before].filter(([name, value]) => defaults.get(name) !== value)
    expect(changed.length).toBeGreaterThan(75)
    expect(failToAdd()).toMatch(
      /(^|; )the device is back on the host as eth1, up, with its addresses and routes$/,
    )
    expect(settings()).toEqual(before)
  })

  it('are all as they were after DEL with restoreOnDelete', () => {
    shell(CHANGE_ALL)
    const before = settings()
    expect(callPlugin(testbed, path, 'ADD').exitCode).toBe(0)
    expect(callPlugin(testbed, path, 'DEL', restore)).toMatchObject({ exitCode: 0, stderr: '' })
    expect(settings()).toEqual(before)
  })

  it('are all as they were after DEL, also if the pod turned ARP off', () => {
    const before = settings()
    expect(callPlugin(testbed, path, 'ADD').exitCode).toBe(0)
    testbed.inPod('link set net1 arp off')
    expect(callPlugin(testbed, path, 'DEL')).toMatchObject({ exitCode: 0, stderr: '' })
    expect(settings()).toEqual(before)
  })

  it('are the defaults of the host after DEL without it', () => {
    set('ipv4/conf/eth1/rp_filter', 2)
    expect(callPlugin(testbed, path, 'ADD').exitCode).toBe(0)
    const bare = { configuration: { restoreOnDelete: false } }
    expect(callPlugin(testbed, path, 'DEL', bare).exitCode).toBe(0)
    expect(get('ipv4/conf/eth1/rp_filter')).toBe(get('ipv4/conf/default/rp_filter'))
  })

  it('a device without IPv6 has none at any moment at home', async () => {
    set('ipv6/conf/eth1/disable_ipv6', 1)
    const monitor = execa('ip', ['-n', testbed.host, 'monitor', 'address'], { reject: false })
    let stdout = ''
    monitor.stdout.on('data', (chunk) => {
      stdout += chunk
    })
    await sees('127.0.0.2')
    failToAdd()
    await sees('127.0.0.3')
    monitor.kill()
    await monitor
    expect(stdout).toContain('198.51.100.5/24')
    expect(stdout).not.toContain('inet6')
    expect(get('ipv6/conf/eth1/disable_ipv6')).toBe('1')

    /** Gives the loopback device an address until it has been seen: the monitor listens. */
    async function sees(address: string) {
      await vi.waitUntil(
        () => {
          testbed.onHost(`address replace ${address}/8 dev lo`)
          return stdout.includes(address)
        },
        { timeout: 20_000 },
      )
    }
  })

  it('what somebody set on the device when it was home again stays', () => {
    set('ipv4/conf/eth1/rp_filter', 2)
    set('ipv4/conf/eth1/arp_ignore', 1)
    expect(callPlugin(testbed, path, 'ADD').exitCode).toBe(0)
    testbed.inPod(`link set net1 netns ${testbed.host}`)
    set('ipv4/conf/net1/rp_filter', 1)
    expect(callPlugin(testbed, path, 'DEL', restore).exitCode).toBe(0)
    expect(get('ipv4/conf/eth1/rp_filter')).toBe('1')
    expect(get('ipv4/conf/eth1/arp_ignore')).toBe('1')
  })

  it('a record of before they were noted is as good', () => {
    expect(callPlugin(testbed, path, 'ADD').exitCode).toBe(0)
    const file = `${testbed.stateDirectory}/attachments/container-1:net1.json`
    const record = JSON.parse(readFileSync(file, 'utf8'))
    expect(record.device.onHost.settings.ipv4).toMatch(/^([0-9a-f]{8}){30,}$/)
    delete record.device.onHost.settings
    writeFileSync(file, JSON.stringify(record))
    expect(callPlugin(testbed, path, 'DEL', restore)).toMatchObject({ exitCode: 0, stderr: '' })
    expect(testbed.onHost('address show dev eth1')).toContain('198.51.100.5/24')
  })
})
