import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { COMPILED } from '../support/artefacts.js'
import { batch } from '../support/batch.js'
import { damagesOf, replaced } from '../support/damage.js'
import { LONG } from '../support/length.js'
import { callPlugin, type Outcome, runCommandLine } from '../support/plugin.js'
import { runSync } from '../support/run-sync.js'
import { Testbed } from '../support/testbed.js'

/** What a record has of every kind. */
const STATE = [
  'address add 198.51.100.5/24 dev eth1 label eth1:one',
  'address add 10.9.0.1 peer 10.9.0.2/32 dev eth1',
  'address add 2001:db8::5/64 dev eth1',
  'address add 2001:db8::77/64 dev eth1 valid_lft 9000 preferred_lft 8000',
  'address add 198.51.101.5/24 dev eth2',
  'route add 203.0.113.0/24 via 198.51.100.1 mtu 1400 src 198.51.100.5 congctl cubic',
  'route add 203.0.114.0/24 nexthop via 198.51.100.1 dev eth1 nexthop via 198.51.101.1 dev eth2',
  'route add 203.0.115.0/24 via inet6 2001:db8::1 dev eth1',
  'route add 203.0.118.0/24 dev eth2 via 198.51.101.1 src 198.51.100.5',
  'route add fd00:9::/32 via 2001:db8::1',
  'nexthop add id 7 via 198.51.100.9 dev eth1',
  'nexthop add id 8 group 7',
  'route add 203.0.116.0/24 nhid 8',
  'rule add from 198.51.100.5 lookup 100 priority 50 sport 5-9 dport 7 uidrange 1-3',
  'rule add iif eth1 to 192.0.2.0/24 lookup 100 priority 51',
  'neighbour add 198.51.100.9 lladdr 02:00:00:00:00:09 dev eth1',
  ...Array.from({ length: 20 }, (_, n) => `route add 10.77.${n}.0/24 via 198.51.100.1`),
]

/** Of the short form: places that no schema checks, in each kind of object. */
const SHORT =
  /lentAtUptime|(local|peer|destination|gateway|via\.address|packed\.0\.value\.addresses|members\.0\.id|neighbors.*address|from|preferredSource)$/

const MODES = {
  move: 'attachments',
  apply: 'attachments',
  capture: 'captures',
  outstanding: 'outstanding',
}

describe('a record with a text or a number in it that is none', () => {
  let testbed: Testbed
  let hardwareAddress: string
  beforeEach(() => {
    testbed = new Testbed()
    testbed.addDevice('eth2')
    batch(testbed.host, ...STATE)
    hardwareAddress = /ether (\S+)/.exec(testbed.onHost('-o link show eth1'))?.[1] ?? ''
  })
  afterEach(() => testbed[Symbol.dispose]())

  const isHome = () => testbed.onHost('-o link').includes(hardwareAddress)
  const isInPod = () => testbed.inPod('-o link').includes(hardwareAddress)

  function call(mode: string, command: string, more: object = {}): Outcome {
    const configuration = { mode, sysctls: ['net.ipv4.conf.rp_filter'], dynamicAddresses: 'all' }
    return callPlugin(testbed, COMPILED, command, { configuration: { ...configuration, ...more } })
  }

  /** No defect of this plugin, and no uncaught error. */
  function requireGoodForm(
    what: string,
    { exitCode, stdout, stderr }: Outcome | Omit<Outcome, 'document'>,
  ): void {
    expect([0, 1], what).toContain(exitCode)
    expect(stdout, what).not.toContain('"code": 999')
    expect(stderr, what).not.toMatch(/(Type|Range|Reference|Internal)Error/)
  }

  describe.each(Object.entries(MODES))('%s', (mode, name) => {
    const way = mode === 'outstanding' ? 'move' : mode
    const directory = () => `${testbed.stateDirectory}/${name}`

    /** @returns the path of the record, its text, and the result of ADD */
    function begin(): { path: string; text: string; prevResult: object } {
      const { exitCode, stdout, document } = call(way, 'ADD')
      expect(exitCode, stdout).toBe(0)
      if (mode === 'outstanding') makeOutstanding()
      const [file = ''] = readdirSync(directory())
      const path = `${directory()}/${file}`
      return { path, text: readFileSync(path, 'utf8'), prevResult: document }
    }

    /** As if nothing of it could be restored. */
    function makeOutstanding(): void {
      const file = `${testbed.stateDirectory}/attachments/container-1:net1.json`
      const record = readFileSync(file, 'utf8')
      const { onHost, identity } = JSON.parse(record).device
      expect(call(way, 'DEL', { restoreOnDelete: false }).exitCode).toBe(0)
      mkdirSync(directory(), { recursive: true, mode: 0o700 })
      const path = `${directory()}/device-${identity.inode}:${onHost.name}.json`
      writeFileSync(path, record, { mode: 0o600 })
    }

    it('ends no call with a defect, and loses no device', () => {
      if (mode === 'apply') batch(testbed.pod, 'link add net1 type ifb', 'link set net1 up')
      let { path, text, prevResult } = begin()
      // A captured device that came home under another name is nobody's to rename a second time.
      const isMeant = (where: string) => mode !== 'capture' || where !== 'device.onHost.name'
      const damages = damagesOf(text).filter(({ where, value }) =>
        LONG ? isMeant(where) : SHORT.test(where) && ['zz', 2 ** 40].includes(value),
      )
      expect(damages.length).toBeGreaterThan(5)
      for (const { where, value } of damages) {
        const what = `${where} as ${value}`
        const damaged = damagesOf(text).find((one) => one.where === where && one.value === value)
        if (!damaged) continue
        const spoil = () => writeFileSync(path, damaged.text, { mode: 0o600 })
        spoil()
        requireGoodForm(`CHECK, ${what}`, call(way, 'CHECK', { prevResult, repairOnCheck: true }))
        for (const words of LONG ? [['list'], ['repair', '--all', '--dry-run']] : []) {
          spoil()
          const given = [...words, '--state-dir', testbed.stateDirectory]
          requireGoodForm(`${words[0]}, ${what}`, runCommandLine(testbed, COMPILED, given))
        }
        spoil()
        if (mode === 'capture') testbed.onHost('address flush dev eth1')
        const end = LONG && where.length % 2 ? 'GC' : 'DEL'
        const outcome = call(way, end, end === 'GC' ? { 'cni.dev/valid-attachments': [] } : {})
        requireGoodForm(`${end}, ${what}`, outcome)
        expect(isHome() || isInPod(), what).toBe(true)
        // With the record as it was, all comes back.
        rmSync(directory(), { recursive: true, force: true })
        mkdirSync(directory(), { mode: 0o700 })
        writeFileSync(path, text, { mode: 0o600 })
        const again = call(way, 'DEL')
        expect(again.exitCode, `${what}: ${again.stdout}`).toBe(0)
        expect(isHome(), what).toBe(true)
        rmSync(directory(), { recursive: true, force: true })
        // What of a capture is there already is refused.
        const host = ['-n', testbed.host, '-force', '-batch', '-']
        if (mode === 'capture') runSync('ip', host, { input: STATE.join('\n'), reject: false })
        ;({ path, text, prevResult } = begin())
      }
    }, 1_800_000)
  })

  describe('is named with its file and its place', () => {
    const path = () => `${testbed.stateDirectory}/attachments/container-1:net1.json`

    it.each<[string, string, string | number]>([
      ['move', 'state.addresses.0.value.local', '::1/129'],
      ['move', 'device.identity.directory', '\0'],
      ['move', 'state.packed.0.value.like.nexthops.0.interfaceIndex', 2 ** 31],
      ['move', 'state.routes.2.value.destination', '::ffff:1.2.3.4'],
      ['apply', 'added.onInterface.addresses.0.local', '1.2.3.4/99'],
      ['apply', 'added.onInterface.routes.0.nexthops.0.gateway', '::1/129'],
      ['apply', 'added.onInterface.routes.0.nexthops.0.gateway', '1.2.3.4/99'],
    ])('%s, %s as %j', (mode, where, value) => {
      if (mode === 'apply') batch(testbed.pod, 'link add net1 type ifb', 'link set net1 up')
      const { exitCode, stdout } = call(mode, 'ADD')
      expect(exitCode, stdout).toBe(0)
      const whole = readFileSync(path(), 'utf8')
      writeFileSync(path(), replaced(whole, where.split('.'), value))
      expect(call(mode, 'DEL').document).toMatchObject({
        code: 5,
        msg: `${path()} is damaged: ${where} is ${JSON.stringify(value)}`,
      })
      writeFileSync(path(), whole)
      expect(call(mode, 'DEL').exitCode).toBe(0)
      expect(isHome()).toBe(true)
      expect(testbed.filesIn('attachments')).toEqual([])
    })
  })

  it.each(['state.packed.0.value.like.nexthops.0.gateway', 'state.addresses.0.value.local'])(
    'is not left out silently: an IPv6 address of the family inet, %s',
    (where) => {
      expect(call('move', 'ADD').exitCode).toBe(0)
      const path = `${testbed.stateDirectory}/attachments/container-1:net1.json`
      const whole = readFileSync(path, 'utf8')
      writeFileSync(path, replaced(whole, where.split('.'), '::ffff:1.2.3.4'))
      expect(call('move', 'DEL').document).toMatchObject({
        code: 5,
        msg: `${path} is damaged: ${where} is "::ffff:1.2.3.4"`,
      })
      writeFileSync(path, whole)
      expect(call('move', 'DEL').exitCode).toBe(0)
      expect(testbed.onHost('route show 10.77.3.0/24')).toContain('via 198.51.100.1')
      expect(testbed.onHost('address show dev eth1')).toContain('198.51.100.5/24')
    },
  )

  it.each<[string, string | number]>([
    ['mtu', 1e300],
    ['hardwareAddress', 'x'],
    ['name', ''],
  ])('is named where the return fails over it: %s as %j', (key, value) => {
    expect(call('move', 'ADD').exitCode).toBe(0)
    const path = `${testbed.stateDirectory}/attachments/container-1:net1.json`
    const whole = readFileSync(path, 'utf8')
    writeFileSync(path, replaced(whole, ['device', 'onHost', key], value))
    expect(call('move', 'DEL').document).toMatchObject({
      code: 103,
      details: expect.stringContaining(
        `${path} is damaged: device.onHost.${key} is ${JSON.stringify(value)}: correct that`,
      ),
    })
    writeFileSync(path, whole)
    expect(call('move', 'DEL').exitCode).toBe(0)
    expect(isHome()).toBe(true)
  })

  describe('in a route', () => {
    const spoil = (path: string) =>
      writeFileSync(
        path,
        readFileSync(path, 'utf8').replace('"gateway":"198.51.100.1"', '"gateway":"zz"'),
      )

    it('makes DEL name the file and the place, with the device at home', () => {
      const path = `${testbed.stateDirectory}/attachments/container-1:net1.json`
      expect(call('move', 'ADD').exitCode).toBe(0)
      const whole = readFileSync(path, 'utf8')
      spoil(path)
      for (const times of [1, 2])
        expect(call('move', 'DEL').document, `${times}`).toMatchObject({
          code: 5,
          msg: expect.stringMatching(/container-1:net1.json is damaged: state.+gateway is "zz"$/),
          details: expect.stringContaining('correct that in the file'),
        })
      expect(isHome()).toBe(true)
      writeFileSync(path, whole)
      expect(call('move', 'DEL').exitCode).toBe(0)
      expect(testbed.onHost('route show 203.0.113.0/24')).toContain('via 198.51.100.1')
      expect(testbed.filesIn('attachments')).toEqual([])
    })

    it('of what is outstanding warns, and other devices come and go', () => {
      expect(call('move', 'ADD').exitCode).toBe(0)
      const from = `${testbed.stateDirectory}/attachments/container-1:net1.json`
      const record = readFileSync(from, 'utf8')
      const { onHost, identity } = JSON.parse(record).device
      expect(call('move', 'DEL', { restoreOnDelete: false }).exitCode).toBe(0)
      const path = `${testbed.stateDirectory}/outstanding/device-${identity.inode}:${onHost.name}.json`
      mkdirSync(`${testbed.stateDirectory}/outstanding`, { mode: 0o700 })
      writeFileSync(path, record, { mode: 0o600 })
      spoil(path)
      for (const command of ['ADD', 'DEL']) {
        const { exitCode, stdout, stderr } = call('move', command, { device: 'eth2' })
        expect(exitCode, stdout).toBe(0)
        expect(stderr).toMatch(/is damaged: state.+gateway is "zz"/)
      }
      expect(testbed.filesIn('outstanding').map((name) => path.endsWith(name))).toContain(true)
    })
  })
})
