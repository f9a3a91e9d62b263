import {
  appendFileSync,
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS, COMPILED } from '../support/artefacts.js'
import { callPlugin } from '../support/plugin.js'
import { runSync } from '../support/run-sync.js'
import { Testbed } from '../support/testbed.js'

const NETWORK = {
  cniVersion: '1.0.0',
  name: 'lent',
  plugins: [{ type: 'host-device-l3', device: 'eth1' }],
}

const SINGLE = JSON.stringify({
  cniVersion: '1.0.0',
  name: 'lent',
  type: 'host-device-l3',
  device: 'eth1',
})

const isSame = (one: string, other: string) => readFileSync(one).equals(readFileSync(other))

/** Each version of the plugin has this in it. */
const MARK = '/var/lib/cni/host-device-l3'

/** A plugin that says it has another version. */
const ofVersion = (text: string) => `#!/bin/sh\n: ${MARK}\necho '${text}'\n`

/** Another program of the name, which says a version, too. */
const FOREIGN = '#!/bin/sh\necho 0.0.1\n'

describe.each(ARTEFACTS)('$artefact', ({ path }) => {
  let directory: string
  let binDirectory: string
  let place: string
  const run = (command: string, words: string[] = [], wrapper: string[] = []) => {
    // That of the machine may have networks.
    const isWithout = command === 'uninstall' && !words.includes('--conf-dir')
    const confDirectory = isWithout ? ['--conf-dir', `${directory}/no-net.d`] : []
    const [program = '', ...rest] = [
      ...[...wrapper, path, command, '--bin-dir', binDirectory, ...confDirectory, ...words],
    ]
    const { exitCode, stdout, stderr } = runSync(program, rest, { reject: false })
    return { exitCode, stdout, stderr }
  }
  /** To be put before a command: it sees the directory mounted with an option, such as ro. */
  const whereMounted = (option: string): string[] => {
    const mount = `mount --bind ${binDirectory} ${binDirectory};
      mount -o remount,bind,${option} ${binDirectory}; exec "$@"`
    return ['unshare', '--mount', 'sh', '-euc', mount, 'sh']
  }
  const write = (text: string) => {
    writeFileSync(place, text)
    chmodSync(place, 0o755)
  }
  const files = () => readdirSync(binDirectory)

  beforeEach(() => {
    directory = mkdtempSync(`${tmpdir()}/hdl3-install-`)
    binDirectory = `${directory}/bin`
    place = `${binDirectory}/host-device-l3`
    for (const name of ['bin', 'no-net.d', 'state'])
      mkdirSync(`${directory}/${name}`, { mode: 0o755 })
  })
  afterEach(() => rmSync(directory, { recursive: true }))

  describe('install', () => {
    it('puts itself where plugins are, for all to run, and takes itself away', () => {
      const { exitCode, stdout } = run('install', [], ['sh', '-c', 'umask 077; exec "$@"', 'sh'])
      expect({ exitCode, stdout }).toEqual({
        exitCode: 0,
        stdout: `${place} is version ${stdout.match(/version (.*) now/)?.[1]} now`,
      })
      expect(isSame(place, path)).toBe(true)
      expect(statSync(place).mode & 0o7777).toBe(0o755)
      const { ino } = statSync(place)
      expect(run('install').stdout).toContain('is this version already')
      expect(statSync(place).ino).toBe(ino)
      const answer = runSync(place, [], { env: { CNI_COMMAND: 'VERSION' } })
      expect(JSON.parse(answer.stdout).supportedVersions).toContain('1.1.0')
      const state = ['--state-dir', `${directory}/state`]
      expect(run('uninstall', state)).toMatchObject({ exitCode: 0 })
      expect(files()).toEqual([])
      expect(run('uninstall', state).stdout).toContain(`there is no ${place}`)
    })

    it('keeps what is newer, unless it is forced', () => {
      write(ofVersion('99.0.0'))
      const { exitCode, stdout } = run('install')
      expect(exitCode).toBe(0)
      expect(stdout).toMatch(`${place} is newer, 99.0.0, and stays`)
      expect(readFileSync(place, 'utf8')).toBe(ofVersion('99.0.0'))
      expect(run('install', ['--force']).stdout).toContain('in place of 99.0.0')
      expect(isSame(place, path)).toBe(true)
    })

    it.each([
      ['what is older', ofVersion('0.0.9 (of an engine)')],
      ['what cannot be run', `no program ${MARK}`],
      ['what is empty', ''],
    ])('replaces %s', (_, text) => {
      write(text)
      expect(run('install')).toMatchObject({ exitCode: 0 })
      expect(isSame(place, path)).toBe(true)
      expect(files()).toEqual(['host-device-l3'])
    })

    it('changes nothing where it cannot run from the directory', () => {
      write(ofVersion('0.0.1'))
      const { exitCode, stderr } = run('install', [], whereMounted('noexec'))
      expect(exitCode).toBe(1)
      expect(stderr).toContain('.host-device-l3.new does not run here')
      expect(stderr).toContain(
        `EACCES: its file system is mounted noexec (findmnt --target ${binDirectory}/`,
      )
      expect(files()).toEqual(['host-device-l3'])
      expect(readFileSync(place, 'utf8')).toBe(ofVersion('0.0.1'))
    })

    it('changes nothing on a full disk', () => {
      const mount = `mount -t tmpfs -o size=64k hdl3 ${binDirectory}
        "$@"; code=$?; ls -A ${binDirectory} >&2; exit $code`
      const { exitCode, stderr } = run(
        'install',
        [],
        ['unshare', '--mount', 'sh', '-c', mount, 'sh'],
      )
      expect(exitCode).toBe(1)
      expect(stderr).toBe(
        `host-device-l3: cannot change files in ${binDirectory}: ENOSPC: no space left on device, write; make room on its file system`,
      )
    })

    it('says which directory is not there', () => {
      rmSync(binDirectory, { recursive: true })
      const { exitCode, stderr } = run('install')
      expect(exitCode).toBe(1)
      expect(stderr).toContain(
        `ENOENT: no such file or directory, open '${binDirectory}'; make this directory, or name`,
      )
    })

    it('says which directory is read-only, and what to do', () => {
      const { exitCode, stderr } = run('install', [], whereMounted('ro'))
      expect(exitCode).toBe(1)
      expect(stderr).toContain(`cannot change files in ${binDirectory}: EROFS`)
      expect(stderr).toContain('its file system is read-only: mount it for writing')
    })

    it("says whose the directory has to be where root's rights over others' files are taken away", () => {
      for (const one of [directory, binDirectory]) chmodSync(one, 0o755)
      chownSync(binDirectory, 1000, 1000)
      const { exitCode, stderr } = run('install', [], ['setpriv', '--bounding-set=-all'])
      expect(exitCode).toBe(1)
      expect(stderr).toContain(`cannot change files in ${binDirectory}: EACCES`)
      expect(stderr).toContain('root, too, has to own it in a container without capabilities')
      expect(files()).toEqual([])
    })

    it.each([
      ['mode 0644', 0o644, 0],
      ['mode 0000', 0, 0],
      ['mode 4777', 0o4777, 1000],
      ['mode 0775', 0o775, 0],
      ['owner 1000', 0o755, 1000],
    ])('replaces itself with %s', (fault, mode, owner) => {
      copyFileSync(path, place)
      chownSync(place, owner, owner)
      chmodSync(place, mode)
      const { exitCode, stdout } = run('install')
      expect(exitCode).toBe(0)
      expect(stdout).toMatch(new RegExp(` now, in place of a file with ${fault}$`))
      const { mode: now, uid } = statSync(place)
      expect({ mode: now & 0o7777, uid }).toEqual({ mode: 0o755, uid: 0 })
      expect(run('install').stdout).toContain('is this version already')
    })

    it.each([
      ['that can be run', 0o755],
      ['with another mode', 0o664],
    ])('leaves a file %s and is no executable of this plugin, unless it is forced', (_, mode) => {
      write(FOREIGN)
      chmodSync(place, mode)
      expect(run('install')).toEqual({
        exitCode: 1,
        stdout: '',
        stderr: `host-device-l3: ${place} is no executable of this plugin, of any version: look at it; --force replaces it`,
      })
      const state = ['--state-dir', `${directory}/state`]
      expect(run('uninstall', state)).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining('look at it; --force removes it'),
      })
      expect(files()).toEqual(['host-device-l3'])
      expect(readFileSync(place, 'utf8')).toBe(FOREIGN)
      expect(run('install', ['--force'])).toMatchObject({ exitCode: 0 })
      expect(isSame(place, path)).toBe(true)
    })

    it('finds what tells its executables from others wherever it is in the file', () => {
      const part = 1 << 16
      for (const before of [part - 1, part - MARK.length + 1, 2 * part - 5]) {
        write('x'.repeat(before) + MARK)
        expect(run('install')).toMatchObject({ exitCode: 0 })
        rmSync(place)
      }
    })

    it('leaves what it cannot read, unless it is forced', () => {
      copyFileSync(path, place)
      chmodSync(place, 0)
      const wrapper = ['setpriv', '--bounding-set=-all']
      const { exitCode, stderr } = run('install', [], wrapper)
      expect(exitCode).toBe(1)
      expect(stderr).toContain(
        `nobody can say whether ${place} is an executable of this plugin (EACCES`,
      )
      expect(run('install', ['--force'], wrapper)).toMatchObject({ exitCode: 0 })
      expect(isSame(place, path)).toBe(true)
    })

    it.each([
      ['to a program', FOREIGN],
      ['to an older version', ofVersion('0.0.1')],
      ['that leads nowhere', undefined],
    ])('leaves a link %s, unless it is forced', (_, text) => {
      const target = `${directory}/target`
      if (text !== undefined) writeFileSync(target, text, { mode: 0o755 })
      symlinkSync(target, place)
      const state = ['--state-dir', `${directory}/state`]
      for (const [command, words, deed] of [
        ['install', [], 'replaces'],
        ['uninstall', state, 'removes'],
      ] as const)
        expect(run(command, [...words])).toMatchObject({
          exitCode: 1,
          stderr: `host-device-l3: ${place} is a symbolic link to ${target}, which install does not make: look at it; --force ${deed} the link, and leaves what it leads to`,
        })
      expect(run('install', ['--force'])).toMatchObject({ exitCode: 0 })
      expect(isSame(place, path)).toBe(true)
      expect(lstatSync(place).isFile()).toBe(true)
      expect(existsSync(target) && readFileSync(target, 'utf8')).toBe(text ?? false)
    })

    it('is content with a link to its own version', () => {
      symlinkSync(path, place)
      expect(run('install').stdout).toContain('is this version already')
      expect(lstatSync(place).isSymbolicLink()).toBe(true)
    })

    it('does not run a file that others may have changed', () => {
      write(`#!/bin/sh\n: ${MARK}\ntouch ${directory}/was-run\necho 99.0.0\n`)
      chownSync(place, 1000, 1000)
      expect(run('install')).toMatchObject({ exitCode: 0 })
      expect(existsSync(`${directory}/was-run`)).toBe(false)
      expect(isSame(place, path)).toBe(true)
    })

    it('fails where the same file is there and cannot be run', () => {
      run('install')
      const { exitCode, stderr } = run('install', [], whereMounted('noexec'))
      expect(exitCode).toBe(1)
      expect(stderr).toContain('does not run here')
      expect(files()).toEqual(['host-device-l3'])
    })

    it.each([
      ['a pipe', (name: string) => runSync('mkfifo', [name])],
      ['a device', (name: string) => runSync('mknod', [name, 'c', '1', '3'])],
      ['a directory', (name: string) => mkdirSync(name)],
      [
        'a link to a pipe',
        (name: string) => {
          runSync('mkfifo', [`${directory}/pipe`])
          symlinkSync(`${directory}/pipe`, name)
        },
      ],
    ])('does not replace %s, and does not wait for it', (_, make) => {
      make(place)
      const { exitCode, stderr } = run('install', [], ['timeout', '10'])
      expect(exitCode).toBe(1)
      expect(stderr).toBe(`host-device-l3: ${place} is no regular file: move it away`)
      expect(files()).toEqual(['host-device-l3'])
    })

    it('is no trouble for a call that comes meanwhile, nor for another install', async () => {
      run('install')
      // Of the same kind: Node opens its script once more by its path, which may then be no script.
      const other = `${directory}/other`
      copyFileSync(path, other)
      appendFileSync(other, '\n')
      let isOver = false
      const caller = (async () => {
        let calls = 0
        for (; !isOver; calls++)
          await execa(place, [], { env: { CNI_COMMAND: 'VERSION' }, stdin: 'ignore' })
        return calls
      })()
      for (let round = 0; round < 3; round++)
        await Promise.all(
          [path, other].map((one) => execa(one, ['install', '--bin-dir', binDirectory])),
        )
      isOver = true
      expect(await caller).toBeGreaterThan(0)
      expect(files()).toEqual(['host-device-l3'])
    })

    it.each(['fsync', 'rename'])('killed at %s, it leaves the former one', (call) => {
      write(ofVersion('0.0.1'))
      const calls = call === 'rename' ? 'rename,renameat,renameat2' : call
      const trace = ['strace', '-qq', '-f', '-o', '/dev/null', '-e', `inject=${calls}:signal=KILL`]
      expect(
        run('install', [], [...trace, '-P', `${binDirectory}/.host-device-l3.new`]),
      ).not.toMatchObject({ exitCode: 0 })
      // At the entry of the call, which a rename then does all the same.
      if (call !== 'rename') expect(readFileSync(place, 'utf8')).toBe(ofVersion('0.0.1'))
      expect(run('install')).toMatchObject({ exitCode: 0 })
      expect(files()).toEqual(['host-device-l3'])
      expect(isSame(place, path)).toBe(true)
    })

    it('puts a configuration where networks are, after the plugin', () => {
      const confDirectory = `${directory}/net.d`
      mkdirSync(confDirectory)
      const conf = `${directory}/10-lent.conflist`
      writeFileSync(conf, JSON.stringify(NETWORK))
      const words = ['--conf', conf, '--conf-dir', confDirectory]
      expect(run('install', words)).toMatchObject({ exitCode: 0 })
      const installed = `${confDirectory}/10-lent.conflist`
      expect(JSON.parse(readFileSync(installed, 'utf8'))).toEqual(NETWORK)
      expect(statSync(installed).mode & 0o777).toBe(0o644)
      expect(run('install', words).stdout).toContain(`${installed} is there already`)
      const state = ['--state-dir', `${directory}/state`]
      const { exitCode, stdout } = run('uninstall', [...words, ...state])
      expect(exitCode).toBe(0)
      expect(stdout.split('\n')[0]).toBe(`${installed} is removed`)
      expect(readdirSync(confDirectory)).toEqual([])
      expect(files()).toEqual([])
      expect(JSON.parse(readFileSync(conf, 'utf8')), 'the source stays').toEqual(NETWORK)
    })

    it.each([
      ['0600 as it is', 0o600, 'is there already', 0o600],
      ['0666 with its own', 0o666, 'is there now, in place of a file with mode 0666', 0o644],
    ])('leaves a configuration of mode %s', (_, before, words, after) => {
      const confDirectory = `${directory}/net.d`
      mkdirSync(confDirectory)
      const conf = `${directory}/10-lent.conflist`
      writeFileSync(conf, JSON.stringify(NETWORK))
      const installed = `${confDirectory}/10-lent.conflist`
      copyFileSync(conf, installed)
      chmodSync(installed, before)
      const { stdout } = run('install', ['--conf', conf, '--conf-dir', confDirectory])
      expect(stdout).toContain(`${installed} ${words}`)
      expect(statSync(installed).mode & 0o7777).toBe(after)
    })

    it.each([
      ['another network', (file: string) => writeFileSync(file, '{"name": "pods", "plugins": []}')],
      [
        'a network of its name without this plugin',
        (file: string) => writeFileSync(file, '{"name": "lent", "plugins": [{"type": "bridge"}]}'),
      ],
      ['what is no JSON', (file: string) => writeFileSync(file, '{')],
      [
        'a link',
        (file: string) => {
          writeFileSync(`${directory}/linked`, JSON.stringify({ ...NETWORK, cniVersion: '0.4.0' }))
          symlinkSync(`${directory}/linked`, file)
        },
      ],
    ])('leaves %s under the name of a configuration, unless it is forced', (_, put) => {
      const confDirectory = `${directory}/net.d`
      mkdirSync(confDirectory)
      const conf = `${directory}/10-lent.conflist`
      writeFileSync(conf, JSON.stringify(NETWORK))
      const installed = `${confDirectory}/10-lent.conflist`
      put(installed)
      const before = readFileSync(installed, 'utf8')
      const words = ['--conf', conf, '--conf-dir', confDirectory]
      const { exitCode, stderr } = run('install', words)
      expect([exitCode, stderr]).toEqual([
        1,
        expect.stringMatching(new RegExp(`${installed} is .*: look at it; --force replaces`)),
      ])
      expect(files()).toEqual([])
      expect(readFileSync(installed, 'utf8')).toBe(before)
      expect(run('install', [...words, '--force'])).toMatchObject({ exitCode: 0 })
      expect(JSON.parse(readFileSync(installed, 'utf8'))).toEqual(NETWORK)
      expect(lstatSync(installed).isFile()).toBe(true)
    })

    it('replaces a former version of the same configuration, and says so', () => {
      const confDirectory = `${directory}/net.d`
      mkdirSync(confDirectory)
      const conf = `${directory}/10-lent.conflist`
      writeFileSync(conf, JSON.stringify(NETWORK))
      const installed = `${confDirectory}/10-lent.conflist`
      writeFileSync(installed, JSON.stringify({ ...NETWORK, cniVersion: '0.4.0' }))
      const { exitCode, stdout } = run('install', ['--conf', conf, '--conf-dir', confDirectory])
      expect(exitCode).toBe(0)
      expect(stdout).toContain(`${installed} is there now, in place of a former version of it`)
      expect(JSON.parse(readFileSync(installed, 'utf8'))).toEqual(NETWORK)
    })

    it('says that the plugin is there where the configuration cannot be put beside it', () => {
      const conf = `${directory}/10-lent.conflist`
      writeFileSync(conf, JSON.stringify(NETWORK))
      const { exitCode, stderr } = run('install', [
        '--conf',
        conf,
        '--conf-dir',
        `${directory}/none`,
      ])
      expect(exitCode).toBe(1)
      expect(stderr).toMatch(
        new RegExp(
          `ENOENT.*/none.*; the plugin itself is installed: ${place} is version \\S+ now$`,
        ),
      )
      expect(files()).toEqual(['host-device-l3'])
    })

    it('does not replace a directory with a configuration', () => {
      const confDirectory = `${directory}/net.d`
      mkdirSync(`${confDirectory}/10-lent.conflist`, { recursive: true })
      const conf = `${directory}/10-lent.conflist`
      writeFileSync(conf, JSON.stringify(NETWORK))
      const { exitCode, stderr } = run('install', ['--conf', conf, '--conf-dir', confDirectory])
      expect(exitCode).toBe(1)
      expect(stderr).toContain(`${confDirectory}/10-lent.conflist is no regular file`)
    })

    it('is not undone with a file that no runtime reads', () => {
      run('install')
      const file = `${directory}/important.txt`
      writeFileSync(file, '')
      const state = ['--state-dir', `${directory}/state`]
      const { exitCode, stderr } = run('uninstall', ['--conf', file, ...state])
      expect(exitCode).toBe(1)
      expect(stderr).toContain('no runtime reads a configuration called important.txt')
      expect(existsSync(file)).toBe(true)
      expect(files()).toEqual(['host-device-l3'])
    })

    it('refuses a configuration with mistakes, names them, and installs it if it is forced to', () => {
      const conf = `${directory}/10-lent.conflist`
      const [plugin] = NETWORK.plugins
      writeFileSync(conf, JSON.stringify({ ...NETWORK, plugins: [{ ...plugin, ruels: true }] }))
      const words = ['--conf', conf, '--conf-dir', directory]
      const { exitCode, stderr } = run('install', words)
      expect(exitCode).toBe(1)
      expect(stderr).toContain(`${conf} has mistakes; --force installs it all the same`)
      expect(stderr).toMatch(/plugins\.0\.ruels: .*is "rules" meant\?/)
      expect(files()).toEqual([])
      expect(run('install', [...words, '--force'])).toMatchObject({ exitCode: 0 })
      expect(files()).toEqual(['host-device-l3'])
    })

    it.each([
      ['10-lent.conflist', '{ "plugins": [', 'error unmarshall network config'],
      ['10-lent.conflist', '{}', 'it has neither "plugins" nor "type"'],
      ['10-lent.conf', JSON.stringify(NETWORK), 'is a list, and a runtime reads a single'],
      ['10-lent.conf', JSON.stringify(NETWORK), 'call it .conflist'],
      ['10-lent.json', JSON.stringify(NETWORK), 'call it .conflist'],
      ['10-lent.conflist', SINGLE, 'is a single configuration, and a runtime reads a list'],
      ['10-lent.conflist', SINGLE, 'call it .conf'],
      ['10-lent.txt', JSON.stringify(NETWORK), 'no runtime reads a configuration called'],
      ['.10-lent.conflist', JSON.stringify(NETWORK), 'no runtime reads a configuration called'],
    ])('refuses the configuration %s, %s, and installs nothing', (name, text, message) => {
      writeFileSync(`${directory}/${name}`, text)
      const words = ['--conf', `${directory}/${name}`, '--conf-dir', `${directory}/net.d`]
      mkdirSync(`${directory}/net.d`)
      const { exitCode, stderr } = run('install', [...words, '--force'])
      expect(exitCode).toBe(1)
      expect(stderr).toContain(message)
      expect(files()).toEqual([])
      expect(readdirSync(`${directory}/net.d`)).toEqual([])
    })
  })

  it('uninstall is refused while a device is lent, and says who has it', () => {
    using testbed = new Testbed()
    run('install')
    expect(callPlugin(testbed, place, 'ADD')).toMatchObject({ exitCode: 0 })
    const state = ['--state-dir', testbed.stateDirectory]
    const refusal = run('uninstall', state)
    expect(refusal.exitCode).toBe(1)
    expect(refusal.stderr).toContain(
      `it is in use, and ${place} is still there: eth1 is lent to container container-1 since `,
    )
    expect(refusal.stderr).toContain(
      `, as net1 in sandbox ${testbed.sandboxPath}; end these pods first`,
    )
    expect(files()).toEqual(['host-device-l3'])
    const forced = run('uninstall', [...state, '--force'])
    expect(forced).toMatchObject({ exitCode: 0 })
    expect(forced.stdout).toContain('without the plugin, these cannot be ended: eth1 is lent to')
    expect(files()).toEqual([])
    // The record is still there, for the plugin that comes back.
    run('install')
    expect(callPlugin(testbed, place, 'DEL')).toMatchObject({ exitCode: 0 })
    expect(testbed.onHost('link show dev eth1')).toContain('eth1')
    expect(run('uninstall', state)).toMatchObject({ exitCode: 0 })
    expect(files()).toEqual([])
  })

  describe('uninstall looks at what is lent by the networks of the node', () => {
    let confDirectory: string
    const writeNetwork = (name: string, text: string) => {
      mkdirSync(confDirectory, { recursive: true })
      writeFileSync(`${confDirectory}/${name}`, text)
    }
    beforeEach(() => {
      confDirectory = `${directory}/net.d`
    })

    it.each([
      ['10-lent.conflist', (own: object) => ({ ...NETWORK, plugins: [{ type: 'bridge' }, own] })],
      ['10-lent.conf', (own: object) => ({ cniVersion: '1.0.0', name: 'lent', ...own })],
      [
        '00-multus.conf',
        (own: object) => ({
          ...{ cniVersion: '1.0.0', name: 'multus', type: 'multus' },
          delegates: [{ type: 'bridge' }, { ...NETWORK, plugins: [own] }],
        }),
      ],
    ])('also with another stateDir, as in %s', (name, networkWith) => {
      using testbed = new Testbed()
      run('install')
      const own = { type: 'host-device-l3', STATEDIR: `${testbed.stateDirectory}/` }
      writeNetwork(name, JSON.stringify(networkWith(own)))
      expect(callPlugin(testbed, place, 'ADD')).toMatchObject({ exitCode: 0 })
      const words = ['--conf-dir', confDirectory, '--state-dir', `${directory}/state`]
      const refusal = run('uninstall', words)
      expect(refusal.exitCode).toBe(1)
      expect(refusal.stderr).toContain('eth1 is lent to container container-1 since ')
      expect(files()).toEqual(['host-device-l3'])
      expect(callPlugin(testbed, place, 'DEL')).toMatchObject({ exitCode: 0 })
      expect(run('uninstall', words)).toEqual({
        exitCode: 0,
        stderr: '',
        stdout: [
          `${place} is removed`,
          `what is in ${directory}/state stays`,
          `what is in ${testbed.stateDirectory} stays`,
        ].join('\n'),
      })
    })

    it('passes over what is none of its own, and what no runtime reads', () => {
      run('install')
      const own = { type: 'host-device-l3', stateDir: `${directory}/other` }
      writeNetwork('10-other.conf', JSON.stringify({ ...own, type: 'bridge' }))
      writeNetwork('30-relative.conf', JSON.stringify({ ...own, stateDir: 'state' }))
      writeNetwork('40-unread.bak', JSON.stringify(own))
      mkdirSync(`${confDirectory}/50-directory.conf`)
      symlinkSync('nothing', `${confDirectory}/60-link.conf`)
      const words = ['--conf-dir', confDirectory, '--state-dir', `${directory}/state`]
      expect(run('uninstall', words)).toMatchObject({
        exitCode: 0,
        stdout: expect.not.stringContaining('other'),
      })
    })

    it.each([
      ['a conf-dir that is not there', '', '--conf-dir NONE', /ENOENT.*NONE/],
      ['a conf-dir that is a file', '', '--conf-dir NETS/20-lent.conf', /ENOTDIR/],
      [
        'a network that is no JSON',
        '{"type": "host-dev',
        '--conf-dir NETS',
        /20-lent.conf is no JSON/,
      ],
      [
        'a state-dir that is not there',
        '{}',
        '--conf-dir NETS --state-dir NONE',
        /no directory NONE/,
      ],
      [
        'a state-dir that others can write',
        '{}',
        '--conf-dir NETS --state-dir OPEN',
        /others can write/,
      ],
    ])('is refused with %s, unless it is forced', (_, text, words, reason) => {
      run('install')
      writeNetwork('20-lent.conf', text)
      mkdirSync(`${directory}/open`)
      chmodSync(`${directory}/open`, 0o777)
      const named = (pattern: string) =>
        pattern
          .replaceAll('NONE', `${directory}/none`)
          .replaceAll('NETS', confDirectory)
          .replaceAll('OPEN', `${directory}/open`)
      const state = words.includes('--state-dir') ? [] : ['--state-dir', `${directory}/state`]
      const all = [...named(words).split(' '), ...state]
      const { exitCode, stderr } = run('uninstall', all)
      expect(exitCode).toBe(1)
      expect(stderr).toMatch(/^host-device-l3: it may be in use, and \S+ is still there: /)
      expect(stderr).toMatch(new RegExp(`${named(reason.source)}.*, or give --force$`))
      expect(files()).toEqual(['host-device-l3'])
      expect(run('uninstall', [...all, '--force'])).toMatchObject({ exitCode: 0 })
      expect(files()).toEqual([])
    })

    it('is not refused where the usual directories were never made', () => {
      run('install')
      const hide = 'for one in /etc/cni /var/lib; do mount -t tmpfs hdl3 $one; done; exec "$@"'
      runSync('mkdir', ['-p', '/etc/cni'])
      const words = ['--conf-dir', '/etc/cni/net.d']
      const { exitCode, stdout } = run('uninstall', words, [
        'unshare',
        '-m',
        'sh',
        '-c',
        hide,
        'sh',
      ])
      expect(exitCode).toBe(0)
      expect(stdout).toContain(`there is no ${MARK}, where it would say what is lent`)
    })

    it('is refused while something is captured for another plugin', () => {
      using testbed = new Testbed()
      run('install')
      const configuration = { mode: 'capture', cniVersion: '1.0.0' }
      expect(callPlugin(testbed, place, 'ADD', { configuration }).exitCode).toBe(0)
      const { exitCode, stderr } = run('uninstall', ['--state-dir', testbed.stateDirectory])
      expect([exitCode, stderr]).toEqual([1, expect.stringContaining('eth1 was captured for ')])
      expect(callPlugin(testbed, place, 'DEL', { configuration }).exitCode).toBe(0)
    })

    it('is refused where it cannot read one, unless it is forced', () => {
      run('install')
      writeNetwork('10-lent.conf', SINGLE)
      chmodSync(`${confDirectory}/10-lent.conf`, 0)
      const words = ['--conf-dir', confDirectory, '--state-dir', `${directory}/state`]
      const wrapper = ['setpriv', '--bounding-set=-all']
      expect(run('uninstall', words, wrapper)).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining(
          `cannot read the configuration ${confDirectory}/10-lent.conf: EACCES`,
        ),
      })
      expect(files()).toEqual(['host-device-l3'])
      expect(run('uninstall', [...words, '--force'], wrapper)).toMatchObject({ exitCode: 0 })
    })
  })

  it('uninstall names the pods that have devices', () => {
    using testbed = new Testbed()
    run('install')
    const variables = { CNI_ARGS: 'K8S_POD_NAMESPACE=default;K8S_POD_NAME=web-1' }
    expect(callPlugin(testbed, place, 'ADD', { variables })).toMatchObject({ exitCode: 0 })
    expect(run('uninstall', ['--state-dir', testbed.stateDirectory]).stderr).toContain(
      'eth1 is lent to pod default/web-1 (container container-1) since ',
    )
    expect(callPlugin(testbed, place, 'DEL', { variables })).toMatchObject({ exitCode: 0 })
  })

  it('uninstall takes no directory away', () => {
    mkdirSync(place)
    const { exitCode, stderr } = run('uninstall', ['--state-dir', `${directory}/state`])
    expect(exitCode).toBe(1)
    expect(stderr).toContain(`${place} is no regular file`)
    expect(files()).toEqual(['host-device-l3'])
  })

  it('uninstall is refused while nobody can read what is lent', () => {
    using testbed = new Testbed()
    run('install')
    expect(callPlugin(testbed, place, 'ADD')).toMatchObject({ exitCode: 0 })
    const record = `${testbed.stateDirectory}/attachments/container-1:net1.json`
    writeFileSync(record, 'x')
    const { exitCode, stderr } = run('uninstall', ['--state-dir', testbed.stateDirectory])
    expect(exitCode).toBe(1)
    expect(stderr).toContain(`it may be in use, and ${place} is still there: ${record} is cut off`)
    expect(files()).toEqual(['host-device-l3'])
    expect(existsSync(record)).toBe(true)
  })

  it('uninstall puts back what it took away if a device is lent at that very moment', () => {
    using testbed = new Testbed()
    run('install')
    const confDirectory = `${directory}/net.d`
    mkdirSync(confDirectory)
    writeFileSync(`${confDirectory}/10-lent.conflist`, JSON.stringify(NETWORK))
    expect(callPlugin(testbed, place, 'ADD')).toMatchObject({ exitCode: 0 })
    const records = `${testbed.stateDirectory}/attachments`
    runSync('mv', [records, `${records}-later`])
    // It takes the plugin away only after it has looked; then the record comes.
    const watch = `until [ -e ${binDirectory}/.host-device-l3.new ]; do :; done
      mv ${records}-later ${records}`
    const watcher = execa('sh', ['-c', watch], { reject: false, timeout: 20_000 })
    const slow = [
      'strace',
      '-qq',
      '-o',
      '/dev/null',
      '-e',
      'inject=rename,renameat:delay_exit=500000',
    ]
    const words = ['--state-dir', testbed.stateDirectory]
    const conf = ['--conf', '10-lent.conflist', '--conf-dir', confDirectory]
    const { exitCode, stderr } = run('uninstall', [...words, ...conf], slow)
    expect(exitCode, stderr).toBe(1)
    expect(stderr).toContain(`it is in use, and ${place} is back`)
    expect(files()).toEqual(['host-device-l3'])
    expect(existsSync(`${confDirectory}/10-lent.conflist`)).toBe(true)
    expect(callPlugin(testbed, place, 'DEL')).toMatchObject({ exitCode: 0 })
    return watcher
  })

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'wait ends at %s, also as the first process of a container',
    async (signal) => {
      const words = ['--pid', '--fork', '--kill-child', path, 'wait']
      const child = execa('unshare', words, { reject: false, timeout: 20_000 })
      const waiting = () => {
        const { stdout } = runSync('pgrep', ['-P', `${child.pid}`], { reject: false })
        return stdout
      }
      await expect.poll(waiting, { timeout: 10_000 }).not.toBe('')
      const pid = Number(waiting())
      // The first may come too early: Node has handlers of its own at its start.
      const send = () => runSync('kill', ['-s', signal.slice(3), `${pid}`], { reject: false })
      const sender = setInterval(send, 200)
      child.finally(() => clearInterval(sender))
      expect(await child).toMatchObject({ exitCode: 0, stdout: 'told to end' })
    },
  )
})

describe('dist/host-device-l3', () => {
  it('installs from an image whose only file it is, with no rights but that to change its root directory', () => {
    const root = mkdtempSync(`${tmpdir()}/hdl3-root-`)
    try {
      for (const name of ['bin', 'proc']) mkdirSync(`${root}/${name}`)
      copyFileSync(COMPILED, `${root}/host-device-l3`)
      const script = `mount -t proc hdl3 ${root}/proc
        exec setpriv --bounding-set=-all,+sys_chroot --inh-caps=-all --no-new-privs \
          unshare --root=${root} /host-device-l3 install --bin-dir /bin`
      const mount = ['--mount', '--pid', '--fork', 'sh', '-euc']
      const { stdout } = runSync('unshare', [...mount, script])
      expect(stdout).toContain('/bin/host-device-l3 is version')
      expect(isSame(`${root}/bin/host-device-l3`, COMPILED)).toBe(true)
    } finally {
      rmSync(root, { recursive: true })
    }
  })

  it('is not installed on a machine that only emulates its own', () => {
    const directory = mkdtempSync(`${tmpdir()}/hdl3-arm64-`)
    try {
      const { exitCode, stderr } = runSync(
        'qemu-aarch64-static',
        ['dist/arm64/host-device-l3', 'install', '--bin-dir', directory],
        { reject: false },
      )
      expect(exitCode).toBe(1)
      expect(stderr).toContain('this executable is for aarch64, and the kernel of this node is')
      expect(readdirSync(directory)).toEqual([])
    } finally {
      rmSync(directory, { recursive: true })
    }
  })
})
