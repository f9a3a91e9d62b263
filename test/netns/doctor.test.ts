import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { callPlugin, runCommandLine } from '../support/plugin.js'
import { runSync } from '../support/run-sync.js'
import { Testbed } from '../support/testbed.js'

interface Finding {
  level: string
  about: string
  text: string
  cure: string
}

describe.each(ARTEFACTS)('$artefact doctor', ({ path }) => {
  let testbed: Testbed
  let directory: string
  let configurationFile: string

  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    testbed.run(testbed.host, 'sysctl -q -w net.ipv4.conf.default.rp_filter=0')
    testbed.run(testbed.host, 'sysctl -q -w net.ipv4.conf.all.rp_filter=0')
    testbed.run(testbed.host, 'sysctl -q -w net.ipv4.conf.eth1.rp_filter=0')
    directory = mkdtempSync(`${tmpdir()}/hdl3-doctor-`)
    configurationFile = `${directory}/network.conf`
  })
  afterEach(() => {
    testbed[Symbol.dispose]()
    rmSync(directory, { recursive: true })
  })

  /**
   * @param prepare a shell's words for the mount namespace that `ip netns exec` makes
   * @param rights options of setpriv
   */
  const run = (
    configuration = {},
    prepare = '',
    rights: string[] = [],
    words = ['--json'],
    before: object[] = [],
  ) => {
    const own = { type: 'host-device-l3', device: 'eth1', stateDir: testbed.stateDirectory }
    writeFileSync(
      configurationFile,
      JSON.stringify({
        name: 'lent',
        cniVersion: '1.1.0',
        plugins: [...before, { ...own, ...configuration }],
      }),
    )
    const wrapper = ['sh', '-c', `${prepare}\nexec "$@"`, 'sh']
    const program = rights.length === 0 ? [path] : ['setpriv', ...rights, path]
    return runSync(
      'ip',
      ['netns', 'exec', testbed.host, ...wrapper, ...program, 'doctor'].concat(
        ['--config', configurationFile],
        words,
      ),
      {
        reject: false, // What is mounted over /etc hides certificates, which Node would warn of.
        env: { CNI_PATH: directory, NODE_EXTRA_CA_CERTS: '' },
      },
    )
  }
  const findings = (...given: Parameters<typeof run>) => {
    const { exitCode, stdout, stderr } = run(...given)
    expect(stderr).toBe('')
    const { findings: found } = JSON.parse(stdout) as { findings: Finding[] }
    expect(exitCode).toBe(found.some(({ level }) => level === 'fault') ? 1 : 0)
    for (const { text, cure } of found) expect([text, cure]).not.toContain('')
    return found
  }
  const expectOnly = (level: string, text: RegExp, cure: RegExp, found: Finding[]) =>
    expect(found).toEqual([
      expect.objectContaining({
        ...{ level, text: expect.stringMatching(text), cure: expect.stringMatching(cure) },
      }),
    ])

  it('finds nothing wrong where nothing is, and changes nothing', () => {
    const before = testbed.hostState()
    const { exitCode, stdout } = run({ logFile: `${directory}/log` }, '', [], [])
    expect([exitCode, stdout]).toEqual([0, 'nothing is wrong'])
    expect(testbed.hostState()).toBe(before)
    expect(testbed.filesIn('.')).toEqual([])
    expect(runSync('ls', [directory]).stdout).toBe('network.conf')
  })

  it('says of a file that cannot be read to look at its path', () => {
    const { stdout } = runSync(path, ['doctor', '--config', `${directory}/none`], { reject: false })
    expect(stdout).toMatch(
      /^fault: configuration: cannot read .*ENOENT.*\n {2}cure: look at the path$/m,
    )
  })

  it('says of YAML to give it the JSON inside', () => {
    const file = fileURLToPath(new URL('../../cni-conf/multus-attachment.yaml', import.meta.url))
    const { stdout } = runSync(path, ['doctor', '--config', file], { reject: false })
    expect(stdout).toMatch(/^fault: configuration: .*this is YAML.*\n {2}cure: give it that JSON/m)
  })

  it('prints each finding with its cure', () => {
    const { exitCode, stdout } = run({ ipam: { type: 'lacking' } }, '', [], [])
    expect(exitCode).toBe(1)
    expect(stdout).toMatch(/^fault: IPAM plugin: failed to find plugin "lacking".*\n {2}cure: .+$/)
  })

  it.each([
    ['4.14.355-276.618.amzn2.x86_64', 1],
    ['3.10.0-1160.el7.x86_64', 1],
    ['4.18.0-553.el8_10.x86_64', 0],
    ['5.4', 0],
  ])('Linux %s: says whether it is too old', (release, count) => {
    const file = `${directory}/osrelease`
    writeFileSync(file, `${release}\n`)
    const found = findings({}, `mount --bind ${file} /proc/sys/kernel/osrelease`)
    expect(found).toHaveLength(count)
    if (count > 0) expectOnly('warning', /^Linux \S+ is older than 4\.18/, /later kernel/, found)
  })

  it.each([
    ['-sys_admin', 'CAP_SYS_ADMIN'],
    ['-net_admin', 'CAP_NET_ADMIN'],
  ])('%s: says which right is missing', (right, name) => {
    const rights = [`--bounding-set=${right}`, `--inh-caps=${right}`]
    const found = findings({}, '', rights)
    expect(found[0]).toMatchObject({
      ...{ level: 'fault', about: 'rights', text: `this process runs as root without ${name}` },
      cure: expect.stringContaining('as root'),
    })
  })

  it('says that not all processes are seen without CAP_SYS_PTRACE', () => {
    const rights = ['--bounding-set=-sys_ptrace', '--inh-caps=-sys_ptrace']
    expectOnly('warning', /without CAP_SYS_PTRACE.*DEL fails/, /hostPID/, findings({}, '', rights))
  })

  it('says that not all processes are seen in a PID namespace', () => {
    const before = 'set -- unshare --pid --fork --mount-proc "$@"'
    expectOnly('warning', /PID namespace below.*DEL fails/, /hostPID/, findings({}, before))
  })

  it('says what is wrong in a configuration, and looks at the rest', () => {
    const found = findings({ rules: 'maybe', stateDir: '/nonexistent' })
    expect(found[0]).toMatchObject({
      about: 'configuration',
      cure: expect.stringMatching(/validate/),
    })
    expect(found[0]?.text).toContain('"rules" cannot be "maybe"')
  })

  describe('the state directory', () => {
    const cannot = /cannot remember what is lent/
    const stateDir = () => {
      const own = `${directory}/state`
      mkdirSync(own, { mode: 0o700 })
      return own
    }

    it.each([
      ['that others can write', (own: string) => chmodSync(own, 0o757), /others can write/],
      ['of another user', (own: string) => chownSync(own, 65534, 65534), /another user/],
    ])('%s', (_, spoil, reason) => {
      const own = stateDir()
      spoil(own)
      const found = findings({ stateDir: own })
      expectOnly('fault', cannot, /chown root/, found)
      expect(found[0]?.text).toMatch(reason)
    })

    it('that is a file', () => {
      writeFileSync(`${directory}/file`, '')
      expectOnly(
        'fault',
        /it is no directory/,
        /"stateDir"/,
        findings({ stateDir: `${directory}/file` }),
      )
    })

    it('on a file system that is read-only', () => {
      const own = stateDir()
      const mount = `mount -t tmpfs -o ro,mode=700 hdl3 ${own}`
      const found = findings({ stateDir: `${own}/below` }, mount)
      expectOnly('fault', new RegExp(`${own} is mounted read-only`), /for writing/, found)
    })

    it.each([
      ['is full', 'size=64k', 'head -c 1M /dev/zero >OWN/filler 2>/dev/null', 'space'],
      ['has no room for a file', 'nr_inodes=1', ':', 'inodes'],
    ])('on a file system that %s', (_, options, fill, what) => {
      const own = stateDir()
      const mount = `mount -t tmpfs -o ${options},mode=700 hdl3 ${own}; ${fill.replace('OWN', own)}`
      // Also where the directory is still to be made.
      for (const place of [own, `${own}/a/b`]) {
        const found = findings({ stateDir: place }, mount)
        const text = new RegExp(`the file system at ${own} has no ${what} left`)
        expectOnly('fault', text, /make room/, found)
      }
    })
  })

  it.each([
    ['/nonexistent/log', /its directory is missing/],
    ['DIRECTORY', /EISDIR|no regular file/],
  ])('a log file %s that cannot be written', (logFile, reason) => {
    const found = findings({ logFile: logFile.replace('DIRECTORY', directory) })
    expectOnly('warning', reason, /mkdir|"logFile"/, found)
  })

  it('directories from which the keeper cannot be started, where gVisor needs it', () => {
    const program = path.endsWith('.cjs') ? process.execPath : realpathSync(path)
    const bound = (place: string, option: string) =>
      `mount --bind ${place} ${place} && mount -o remount,bind,${option} ${place}`
    const all = [
      'mount -t tmpfs -o noexec hdl3 /var/lib && mkdir /var/lib/cni',
      ...['/tmp', '/var/tmp', '/run'].map((place) => bound(place, 'noexec')),
      // The program itself could not run from a place that is noexec.
      bound(dirname(program), 'ro'),
    ]
    const found = findings({ gvisor: true }, all.join(' && '))
    expect(found).toContainEqual(
      expect.objectContaining({ level: 'fault', about: 'address keeper' }),
    )
    // Node loads the native addon from such a directory, too: nothing works without one.
    const without = findings({}, all.join(' && '))
    if (!path.endsWith('.cjs')) expect(without).toEqual([])
    else expectOnly('fault', /from any directory: \/run: /, /./, without)
    const allButOne = all.toSpliced(3, 1)
    expect(findings({ gvisor: true }, allButOne.join(' && '))).toEqual([])
  })

  describe('the IPAM plugin', () => {
    const plugin = () => `${directory}/dhcp`

    it('that is not in CNI_PATH', () => {
      const found = findings({ ipam: { type: 'dhcp' } })
      expectOnly('fault', /failed to find plugin "dhcp" in path/, /CNI_PATH/, found)
    })

    it('that is not executable', () => {
      writeFileSync(plugin(), '', { mode: 0o644 })
      expectOnly('fault', /not executable/, /chmod 755/, findings({ ipam: { type: 'dhcp' } }))
    })

    const answering = (text: string, name = 'own') =>
      writeFileSync(`${directory}/${name}`, `#!/bin/sh\n${text}\n`, { mode: 0o755 })
    const versions = (...all: string[]) =>
      `echo '${JSON.stringify({ cniVersion: all.at(-1), supportedVersions: all })}'`

    it('that knows the version of the configuration is no finding, and is asked for no more', () => {
      answering(`env | grep ^CNI_COMMAND >>${directory}/asked; ${versions('0.4.0', '1.1.0')}`)
      expect(findings({ ipam: { type: 'own' } })).toEqual([])
      expect(readFileSync(`${directory}/asked`, 'utf8')).toBe('CNI_COMMAND=VERSION\n')
    })

    it('that does not know it', () => {
      answering(versions('0.3.1', '0.4.0'))
      const text = /^"own" knows CNI 0\.3\.1, 0\.4\.0, .* is of 1\.1\.0$/
      expectOnly('fault', text, /"cniVersion"/, findings({ ipam: { type: 'own' } }))
    })

    it.each([
      ['says nothing', ':', /does not say which versions/],
      ['says no list', `echo '{"supportedVersions": "1.1.0"}'`, /does not say which versions/],
      ['fails', 'exit 3', /exit status 3/],
      [
        'refuses that',
        `echo '{"code": 4, "msg": "unknown CNI_COMMAND: VERSION"}'; exit 1`,
        /unknown CNI_COMMAND: VERSION/,
      ],
    ])('that %s when it is asked', (_, script, text) => {
      answering(script)
      expectOnly('warning', text, /CNI_COMMAND=VERSION/, findings({ ipam: { type: 'own' } }))
    })

    it('that is no program', () => {
      writeFileSync(`${directory}/own`, 'x', { mode: 0o755 })
      const text = /ENOEXEC, exec format error/
      expectOnly('fault', text, /have it start/, findings({ ipam: { type: 'own' } }))
    })

    it('that is where nothing can be run from', () => {
      mkdirSync(`${directory}/mounted`)
      symlinkSync('mounted/own', `${directory}/own`)
      const mount = `mount -t tmpfs -o noexec hdl3 ${directory}/mounted; cp /bin/true ${directory}/mounted/own`
      const text = new RegExp(`EACCES: .* noexec \\(findmnt --target ${directory}/own\\)`)
      expectOnly('fault', text, /have it start/, findings({ ipam: { type: 'own' } }, mount))
    })

    it('whose daemon does not run', () => {
      answering(versions('1.1.0'), 'dhcp')
      const found = findings({ ipam: { type: 'dhcp' } }, 'mount -t tmpfs hdl3 /run')
      expectOnly('fault', /no \/run\/cni\/dhcp\.sock/, /dhcp daemon/, found)
    })
  })

  describe('a configuration with which every ADD fails', () => {
    const own = { type: 'host-device-l3', device: 'eth1' }
    const list = { name: 'lent', cniVersion: '1.1.0', plugins: [own] }
    const { device: _, ...deviceless } = own
    it.each<[string, object, ...RegExp[]]>([
      [
        'whose misspelled key selects no device',
        { ...list, plugins: [{ ...deviceless, devcie: 'eth1' }] },
        /no key selects a device/,
        /is "device" meant/,
      ],
      [
        'whose name in the sandbox is a template',
        { ...list, plugins: [{ ...own, ifName: 'net%d' }] },
        /template/,
      ],
      [
        'with "plugin" for "plugins"',
        { name: 'lent', cniVersion: '1.1.0', plugin: [own] },
        /"type"/,
      ],
      ['without this plugin', { ...list, plugins: [{ type: 'bridge' }] }, /no entry of "plugins"/],
      [
        'that is a NetworkAttachmentDefinition',
        {
          apiVersion: 'k8s.cni.cncf.io/v1',
          kind: 'NetworkAttachmentDefinition',
          spec: { config: JSON.stringify(list) },
        },
        /Kubernetes object of kind/,
      ],
      [
        'whose network has a wrong name',
        { ...list, name: 'a b' },
        /invalid characters found in network name/,
      ],
      [
        'whose network has no name',
        { cniVersion: '1.1.0', plugins: [own] },
        /missing network name/,
      ],
    ])('%s', (_, document, ...texts) => {
      writeFileSync(configurationFile, JSON.stringify(document))
      const words = ['doctor', '--config', configurationFile, '--json']
      const { exitCode, stdout, stderr } = runCommandLine(testbed, path, words)
      expect([exitCode, stderr]).toEqual([1, ''])
      const { findings: found } = JSON.parse(stdout)
      const all = JSON.stringify(found.map(({ text }: Finding) => text)).replaceAll('\\"', '"')
      for (const text of texts) expect(all).toMatch(text)
    })

    it('is read once, so that it may be a pipe', () => {
      const text = JSON.stringify({
        ...list,
        plugins: [{ ...own, stateDir: testbed.stateDirectory }],
      })
      const { exitCode, stdout } = runSync(
        'sh',
        [
          '-c',
          'printf %s "$1" | ip netns exec "$2" "$3" doctor --config /dev/stdin',
          'sh',
          text,
        ].concat([testbed.host, path]),
        { reject: false },
      )
      expect([exitCode, stdout]).toEqual([0, 'nothing is wrong'])
    })
  })

  it('says that it looked at no device, where each pod brings its own', () => {
    const each = { device: undefined, capabilities: { deviceID: true } }
    const text = /^each pod brings its own, as runtimeConfig\.deviceID: none was looked at$/
    expectOnly('note', text, /"pciBusID"/, findings(each))
    expect(run({ ...each, capabilities: { deviceID: false } }).stdout).not.toContain('each pod')
  })

  it('names all wrong values of a configuration', () => {
    const [found] = findings({ rules: 'maybe', force: 'yes', routes: 7 })
    for (const key of ['"rules" cannot be "maybe"', '"force" cannot be "yes"', '"routes" cannot'])
      expect(found?.text).toContain(key)
  })

  it('a device that does not exist', () => {
    expectOnly('fault', /eth9/, /ip link/, findings({ device: 'eth9' }))
  })

  describe('who else manages the device', () => {
    /** A process of that name in the testbed's host, which waits for its stdin to end. */
    const program = async (
      name: string,
      words: string[],
      work: () => void,
      where = testbed.host,
    ) => {
      writeFileSync(`${directory}/${name}`, '#!/bin/sh\nread line\n', { mode: 0o755 })
      const child = execa('ip', ['netns', 'exec', where, `${directory}/${name}`, ...words])
      try {
        await expect
          .poll(() => readFileSync(`/proc/${child.pid}/comm`, 'utf8').trimEnd())
          .toBe(name.slice(0, 15))
        work()
      } finally {
        child.stdin?.end()
        await child.catch(() => {})
      }
    }
    const index = () => testbed.onHost('-oneline link show dev eth1').split(':')[0]
    const file = (name: string, ...lines: string[]) =>
      `mount -t tmpfs hdl3 /run && mkdir -p /run/systemd/netif/links /run/NetworkManager/devices &&
       printf '%s\\n' ${lines.map((line) => `'${line}'`).join(' ')} > ${name}`

    it.each(['dhclient', 'udhcpc'])('%s, if it runs for this device', async (name) => {
      await program(name, ['-i', 'eth1'], () =>
        expectOnly('warning', new RegExp(`${name}, renews a lease of eth1`), /stop it/, findings()),
      )
      await program(name, ['-i', 'eth10'], () => expect(findings()).toEqual([]))
      await program(name, ['eth1'], () => expect(findings()).toEqual([]), testbed.cloud)
    })

    it('dhcpcd, if it runs for all', async () => {
      await program('dhcpcd', ['dhcpcd: [manager]'], () =>
        expectOnly('warning', /dhcpcd/, /denyinterfaces eth1/, findings()),
      )
    })

    it('systemd-networkd, by its own files', async () => {
      const link = `/run/systemd/netif/links/${index()}`
      const network = 'NETWORK_FILE=/etc/systemd/network/x.network'
      const configured = file(link, 'ADMIN_STATE=configured', network)
      expect(findings({}, configured)).toEqual([])
      await program('systemd-networkd', [], () => {
        const text = /systemd-networkd manages eth1, by \/etc\/systemd\/network\/x\.network/
        expectOnly('warning', text, /Unmanaged=yes/, findings({}, configured))
        expect(findings({}, file(link, 'ADMIN_STATE=unmanaged'))).toEqual([])
      })
    })

    it('NetworkManager, by its own files', async () => {
      const state = `/run/NetworkManager/devices/${index()}`
      await program('NetworkManager', [], () => {
        const found = findings({}, file(state, '[device]', 'managed=true'))
        expectOnly('warning', /NetworkManager manages eth1/, /unmanaged-devices/, found)
        expect(findings({}, file(state, '[device]', 'managed=false'))).toEqual([])
      })
    })

    it('cloud-init, by what it has written', () => {
      const netplan = (name: string) =>
        `mount -t tmpfs hdl3 /etc && mkdir /etc/netplan && printf 'network:\\n  ethernets:\\n    ${name}:\\n      dhcp4: true\\n' > /etc/netplan/50-cloud-init.yaml`
      const text = /cloud-init has configured eth1 in \/etc\/netplan\/50-cloud-init\.yaml/
      expectOnly('warning', text, /config: disabled/, findings({}, netplan('eth1')))
      expect(findings({}, netplan('eth10'))).toEqual([])
    })
  })

  it('sysctls that the device would lack in a pod', () => {
    testbed.run(testbed.host, 'sysctl -q -w net.ipv4.conf.eth1.rp_filter=2')
    const text = /rp_filter of eth1 is 2, that of a new device here 0/
    expectOnly('warning', text, /"net\.ipv4\.conf\.rp_filter"/, findings())
    expect(findings({ sysctls: ['net.ipv4.conf.rp_filter'] })).toEqual([])
    testbed.run(testbed.host, 'sysctl -q -w net.ipv4.conf.eth1.rp_filter=0')
    testbed.run(testbed.host, 'sysctl -q -w net.ipv4.conf.eth1.forwarding=1')
    testbed.run(testbed.host, 'sysctl -q -w net.ipv4.conf.default.forwarding=0')
    expectOnly('warning', /forwarding of eth1 is 1/, /"sysctls"/, findings())
  })

  it('a strict rp_filter, which drops what comes in beside the default route', () => {
    testbed.run(testbed.host, 'sysctl -q -w net.ipv4.conf.all.rp_filter=1')
    expectOnly('warning', /is 1, strict/, /rp_filter=2/, findings())
    testbed.run(testbed.host, 'sysctl -q -w net.ipv4.conf.default.rp_filter=2')
    testbed.run(testbed.host, 'sysctl -q -w net.ipv4.conf.eth1.rp_filter=2')
    expect(findings()).toEqual([])
  })

  describe('kernel modules', () => {
    const release = readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim()
    const [directory, sys] = [`/lib/modules/${release}`, '/sys/module']
    /** The file systems of a node with these lists of modules, of which it has loaded some. */
    const node = (lists: Record<string, string>, loaded: string[] = []) =>
      [
        `mount -t tmpfs hdl3 ${sys}`,
        ...loaded.map((name) => `mkdir ${sys}/${name}`),
        // There may be no such directory, and what is in /lib is needed.
        'mount -t tmpfs hdl3 /media && mkdir /media/upper /media/work',
        'mount -t overlay -o lowerdir=/usr/lib,upperdir=/media/upper,workdir=/media/work hdl3 /usr/lib',
        `rm -rf /usr/lib/modules && mkdir -p ${directory}`,
        ...Object.entries(lists).map(([name, text]) => `printf '${text}' > ${directory}/${name}`),
      ].join(' && ')
    const none = { 'modules.builtin': '', 'modules.dep': '' }
    const found = (type: string, prepare: string, configuration = {}, keys = {}) =>
      findings({ ifName: 'net1', ...configuration }, prepare, [], ['--json'], [{ type, ...keys }])

    it.each([
      ['built in', { ...none, 'modules.builtin': 'kernel/drivers/net/ipvlan/ipvlan.ko\\n' }],
      ['to be loaded', { ...none, 'modules.dep': 'kernel/a/b.ko: \\nkernel/c/ipvlan.ko.xz: a\\n' }],
    ])('%s', (_, lists) => {
      expect(found('ipvlan', node(lists))).toEqual([])
    })

    it('loaded, whatever the lists say', () => {
      expect(found('ipvlan', node(none, ['ipvlan']))).toEqual([])
    })

    it.each([
      ['ipvlan', 'ipvlan'],
      ['macvlan', 'macvlan'],
      ['vlan', '8021q'],
      ['vrf', 'vrf'],
    ])('that are missing: the plugin %s needs %s', (type, module) => {
      const lists = { ...none, 'modules.dep': `kernel/${module}x.ko:\\nkernel/x-${module}.ko:\\n` }
      const text = new RegExp(
        `"${type}" needs the kernel module ${module}, and ${directory} has none`,
      )
      expectOnly('fault', text, /linux-modules-extra-/, found(type, node(lists)))
    })

    it('that other plugins of the list need, each once, and of IPAM', () => {
      const modules = found('bridge', node(none, ['bridge']), {}, { ipam: { type: 'dhcp' } })
      expect(modules.map(({ text }) => text.split(',')[0])).toEqual([
        'the plugin "bridge" needs the kernel module veth',
        'the plugin "dhcp" needs the kernel module af_packet',
      ])
    })

    it('that gVisor needs on ipvlan in mode l3', () => {
      const loaded = ['af_packet', 'ipvlan', 'sch_ingress', 'cls_matchall']
      const l3 = found('ipvlan', node(none, loaded), { gvisor: true }, { mode: 'l3' })
      expectOnly('warning', /mode l3 needs the kernel module act_vlan/, /modules-extra/, l3)
      expect(found('ipvlan', node(none, loaded), { gvisor: true }, { mode: 'l2' })).toEqual([])
    })

    it('that can no longer be loaded', () => {
      const lists = { ...none, 'modules.dep': 'kernel/ipvlan.ko:\\n' }
      const settings = `mount -t tmpfs hdl3 /proc/sys/kernel && echo ${release} > /proc/sys/kernel/osrelease && echo 1 > /proc/sys/kernel/modules_disabled`
      const text = /nothing can be loaded any more/
      const cure = /ipvlan >> \/etc\/modules-load\.d/
      expectOnly('fault', text, cure, found('ipvlan', `${node(lists)} && ${settings}`))
    })

    describe('without lists', () => {
      const without = (symbols: string) =>
        `${node({})} && printf '${symbols}' > /media/symbols && mount --bind /media/symbols /proc/kallsyms`
      const hasModules = existsSync('/proc/modules')

      it('that show in the kernel', () => {
        const symbols = '0000000000000000 T ipvlan_link_setup\\t[ipvlan]\\n'
        expect(found('ipvlan', without(symbols))).toEqual([])
      })

      it('that do not', () => {
        const [level, text, cure] = hasModules
          ? (['warning', /does not say whether it could be/, /modprobe ipvlan/] as const)
          : (['fault', /has none and loads none/, /another kernel/] as const)
        const symbols = '0000000000000000 T ipvlan_link_setup_x\\n'
        expectOnly(level, text, cure, found('ipvlan', without(symbols)))
      })
    })

    it.each(['bridge', 'macvlan', 'ptp'])('of this kernel, that it has: %s', (type) => {
      expect(found(type, '')).toEqual([])
    })
  })

  describe('records', () => {
    beforeEach(() => expect(callPlugin(testbed, path, 'ADD').exitCode).toBe(0))

    it('of a running pod are no finding', () => expect(findings()).toEqual([]))

    it('of a sandbox that is gone', () => {
      testbed.run(testbed.host, `ip netns delete ${testbed.pod}`)
      const found = findings()
      expectOnly(
        'fault',
        /^eth1 is lent to container container-1 .*which is gone/,
        /return --container container-1/,
        found,
      )
      const [, ...words] = found[0]?.cure.split('host-device-l3 ')[1]?.split(' ') ?? []
      const { exitCode } = testbed.run(testbed.host, `${path} return ${words.join(' ')}`)
      expect(exitCode).toBe(0)
      expect(testbed.filesIn('attachments')).toEqual([])
    })

    it('that are cut off stay as they are', () => {
      const [file] = testbed.filesIn('attachments')
      const record = `${testbed.stateDirectory}/attachments/${file}`
      const whole = readFileSync(record, 'utf8')
      writeFileSync(record, whole.slice(0, 100))
      const found = findings().filter(({ about }) => about === 'records')
      expectOnly('warning', /net1\.json is cut off or not ours/, /sets the file aside/, found)
      expect(testbed.filesIn('attachments')).toEqual([file])
      writeFileSync(record, whole)
      callPlugin(testbed, path, 'DEL')
    })

    it('that a call has set aside, until they are removed', () => {
      const [file] = testbed.filesIn('attachments')
      const record = `${testbed.stateDirectory}/attachments/${file}`
      writeFileSync(record, 'x')
      expect(callPlugin(testbed, path, 'GC').exitCode).toBe(0)
      const found = () => findings().filter(({ about }) => about === 'records')
      expectOnly('warning', /net1\.json\.set-aside was set aside/, /rm \S+\.set-aside$/, found())
      rmSync(`${record}.set-aside`)
      expect(found()).toEqual([])
    })

    it.each([
      ['attachments', 'fault'],
      ['outstanding', 'warning'],
    ])('with an address that is none, among the %s', (kind, level) => {
      const [file] = testbed.filesIn('attachments')
      const record = `${testbed.stateDirectory}/attachments/${file}`
      const whole = readFileSync(record, 'utf8')
      const damaged = whole.replace('"local":"198.51.100.5"', '"local":"198.51.100.555"')
      expect(damaged).not.toBe(whole)
      mkdirSync(`${testbed.stateDirectory}/${kind}`, { recursive: true, mode: 0o700 })
      const place = `${testbed.stateDirectory}/${kind}/${file}`
      writeFileSync(place, damaged, { mode: 0o600 })
      const found = findings().filter(({ text }) => text.includes('damaged'))
      const text = new RegExp(`${place} is damaged: state.*local is "198.51.100.555"`)
      expectOnly(level, text, /correct that in the file/, found)
      rmSync(place)
      if (place === record) writeFileSync(record, whole, { mode: 0o600 })
      callPlugin(testbed, path, 'DEL')
    })

    it('on a full disk are looked at all the same', () => {
      testbed.run(testbed.host, `ip netns delete ${testbed.pod}`)
      const [state, copy] = [testbed.stateDirectory, `${directory}/copy`]
      const mount = `cp -a ${state} ${copy}; mount -t tmpfs -o size=64k,mode=700 hdl3 ${state};
        cp -a ${copy}/. ${state}; head -c 1M /dev/zero >${state}/filler 2>/dev/null`
      const found = findings({}, mount).map(({ about }) => about)
      expect(found).toEqual(['state directory', 'records'])
    })

    it('that others can write', () => {
      const [file] = testbed.filesIn('attachments')
      const record = `${testbed.stateDirectory}/attachments/${file}`
      chmodSync(record, 0o666)
      const found = findings().filter(({ about }) => about === 'records')
      expectOnly('fault', /others can write to/, new RegExp(`chmod go-w ${record}`), found)
      chmodSync(record, 0o600)
      callPlugin(testbed, path, 'DEL')
    })
  })
})
