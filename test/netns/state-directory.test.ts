import { chmodSync, chownSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { type CallOptions, callPlugin } from '../support/plugin.js'
import { Testbed } from '../support/testbed.js'

describe.each(ARTEFACTS)('the state directory: $artefact', ({ path }) => {
  let testbed: Testbed
  let stateDir: string
  let before: string
  const call = (command: string, options: CallOptions = {}, keys: object = {}) =>
    callPlugin(testbed, path, command, { ...options, configuration: { stateDir, ...keys } })
  const mode = (file: string) => statSync(file).mode & 0o777

  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    stateDir = `${testbed.stateDirectory}/a/b`
    before = testbed.hostState()
  })
  afterEach(() => testbed[Symbol.dispose]())

  /** In the mount namespace that `ip netns exec` made for the call. */
  const onFileSystem = (options: string, prepare = ''): CallOptions => ({
    wrapper: [
      'sh',
      '-c',
      `mkdir -p ${stateDir} && mount -t tmpfs -o ${options} state ${stateDir} ${prepare} && exec "$@"`,
      'sh',
    ],
  })

  it('refuses a record that is larger than a file may be', () => {
    const { exitCode, document } = call('ADD', { wrapper: ['prlimit', '--fsize=512'] })
    expect(exitCode).toBe(1)
    expect(document).toMatchObject({ msg: expect.stringContaining('EFBIG') })
    expect(testbed.hostState()).toBe(before)
  })

  it('is made for the owner alone, with all that is in it', () => {
    expect(call('ADD').exitCode).toBe(0)
    for (const directory of [stateDir, `${stateDir}/attachments`, `${stateDir}/locks`])
      expect(mode(directory)).toBe(0o700)
    expect(mode(`${stateDir}/attachments/container-1:net1.json`)).toBe(0o600)
  })

  it.each([
    ['that others can write', () => chmodSync(stateDir, 0o757), 'others can write to DIRECTORY'],
    ['that a group can write', () => chmodSync(stateDir, 0o770), 'others can write to DIRECTORY'],
    [
      'of another user',
      () => chownSync(stateDir, 65534, 65534),
      'DIRECTORY belongs to another user',
    ],
  ])('%s is refused', (_, spoil, reason) => {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 })
    spoil()
    for (const command of ['ADD', 'DEL'])
      expect(call(command).document).toMatchObject({
        code: 5,
        msg: expect.stringContaining(
          `to remember what was lent: ${reason.replace('DIRECTORY', stateDir)}`,
        ),
      })
    expect(testbed.hostState()).toBe(before)
  })

  it('where nothing can be made is refused', () => {
    stateDir = '/proc/1'
    expect(call('ADD').document).toMatchObject({
      code: 5,
      msg: expect.stringMatching(/^cannot lock .*ENOENT/),
      details: expect.stringContaining('nothing was changed'),
    })
    expect(testbed.hostState()).toBe(before)
  })

  it('that is a file is refused', () => {
    mkdirSync(`${testbed.stateDirectory}/a`)
    writeFileSync(stateDir, '')
    expect(call('ADD').document).toMatchObject({ code: 5 })
    expect(testbed.hostState()).toBe(before)
  })

  it.each([
    ['full', 'size=64k,mode=700', '&& ! head -c 1M /dev/zero 2>/dev/null >STATE/filler', 'ENOSPC'],
    ['without room for a file', 'nr_inodes=2,mode=700', '&& mkdir STATE/locks', 'ENOSPC'],
    ['read-only', 'ro,mode=700', '', 'EROFS'],
  ])('on a file system that is %s', (_, options, prepare, reason) => {
    const outcome = call('ADD', onFileSystem(options, prepare.replaceAll('STATE', stateDir)))
    expect(outcome.document).toMatchObject({ code: 5, msg: expect.stringContaining(reason) })
    expect(outcome.document.msg).toContain(stateDir)
    expect(testbed.hostState()).toBe(before)
  })

  it.each([
    ['that is full', 'nr_inodes=1,mode=700', 'ENOSPC'],
    ['that was full later', 'nr_inodes=3,mode=700', 'ENOSPC', 'mkdir locks attachments'],
    ['that is read-only', 'ro,mode=700', 'EROFS'],
    ['that is read-only by now', 'mode=700', 'EROFS', 'mkdir locks captures', 'remount'],
  ])(
    'DEL of what was refused succeeds on a file system %s',
    (_, options, reason, make = ':', remount = '') => {
      const again = remount && `&& mount -o remount,ro ${stateDir}`
      const made = `&& (cd ${stateDir} && ${make}) ${again}`
      expect(call('ADD', onFileSystem(options, made)).document).toMatchObject({ code: 5 })
      for (const keys of [{}, { mode: 'apply' }, { mode: 'capture' }])
        expect(call('DEL', onFileSystem(options, made), keys)).toMatchObject({
          ...{ exitCode: 0, stdout: '' },
          stderr: expect.stringMatching(
            new RegExp(`no record says .*, and cannot lock .*${reason}`),
          ),
        })
      expect(testbed.hostState()).toBe(before)
    },
  )

  it('DEL fails on a file system that is read-only by now where something is lent', () => {
    expect(call('ADD').exitCode).toBe(0)
    const wrapper = [
      ...['sh', '-c'],
      `mount --bind ${stateDir} ${stateDir} && mount -o remount,bind,ro ${stateDir} && exec "$@"`,
      'sh',
    ]
    expect(call('DEL', { wrapper }).document).toMatchObject({ code: 5 })
    expect(call('DEL')).toMatchObject({ exitCode: 0, stdout: '', stderr: '' })
    expect(testbed.hostState()).toBe(before)
  })
})
