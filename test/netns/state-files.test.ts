import { execFileSync, spawn } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { type CallOptions, callPlugin, startPlugin } from '../support/plugin.js'
import { Testbed } from '../support/testbed.js'

const NOBODY = 65534
const RECORD = 'container-1:net1.json'

/** What may stand where a file of the plugin is expected. */
const OTHERS: [string, (path: string, elsewhere: string) => void][] = [
  ['a FIFO', (path) => execFileSync('mkfifo', [path])],
  ['a link', (path, elsewhere) => symlinkSync(elsewhere, path)],
  ['a link to nothing', (path) => symlinkSync(`${path}-nothing`, path)],
]

describe.each(ARTEFACTS)('the files of the plugin: $artefact', ({ path }) => {
  let testbed: Testbed
  let directory: string
  let stateDir: string
  let elsewhere: string
  let before: string
  const call = (command: string, configuration: object = {}, options: CallOptions = {}) =>
    callPlugin(testbed, path, command, {
      ...options,
      configuration: { stateDir, timeoutSeconds: 5, ...configuration },
    })

  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    directory = testbed.stateDirectory
    stateDir = `${directory}/state`
    elsewhere = `${directory}/elsewhere`
    writeFileSync(elsewhere, 'as it was')
    before = testbed.hostState()
  })
  afterEach(() => {
    const text = readFileSync(elsewhere, 'utf8')
    testbed[Symbol.dispose]()
    expect(text).toBe('as it was')
  })

  describe('a state directory', () => {
    function expectRefusal(reason: string): void {
      for (const command of ['ADD', 'DEL'])
        expect(call(command).document).toMatchObject({
          code: 5,
          msg: expect.stringContaining(reason),
        })
      expect(testbed.hostState()).toBe(before)
    }

    it('below one that others can write is refused', () => {
      mkdirSync(stateDir, { mode: 0o700 })
      chmodSync(directory, 0o777)
      expectRefusal(`others can write to ${directory}`)
    })

    it('below one of another user is refused', () => {
      mkdirSync(stateDir, { mode: 0o700 })
      chownSync(directory, NOBODY, NOBODY)
      expectRefusal(`${directory} belongs to another user`)
    })

    it('that a link of another user leads to is refused', () => {
      symlinkSync('/var/lib', `${directory}/link`)
      execFileSync('chown', ['-h', 'nobody', `${directory}/link`])
      stateDir = `${directory}/link/host-device-l3-test`
      expectRefusal(`${directory}/link belongs to another user`)
    })

    it.each(['attachments', 'locks', 'captures'])('with %s of another user is refused', (name) => {
      mkdirSync(`${stateDir}/${name}`, { recursive: true, mode: 0o700 })
      chownSync(`${stateDir}/${name}`, NOBODY, NOBODY)
      const configuration = name === 'captures' ? { mode: 'capture' } : {}
      const { document } = call('ADD', configuration)
      expect(document).toMatchObject({ code: 5, msg: expect.stringContaining('another user') })
      expect(testbed.hostState()).toBe(before)
    })

    it('may be reached by links of root, and have a sticky directory above it', () => {
      mkdirSync(`${directory}/real`, { mode: 0o700 })
      symlinkSync('real', `${directory}/link`)
      symlinkSync(`${directory}/./link/`, `${directory}/other`)
      chmodSync(directory, 0o1777)
      stateDir = `${directory}/other/../link//state/`
      expect(call('ADD').exitCode).toBe(0)
      expect(readdirSync(`${directory}/real/state/attachments`)).toEqual([RECORD])
      expect(call('DEL').exitCode).toBe(0)
      expect(testbed.filesIn('real/state/attachments')).toEqual([])
    })

    it('of links in a circle is refused', () => {
      symlinkSync('b', `${directory}/a`)
      symlinkSync('a', `${directory}/b`)
      stateDir = `${directory}/a/state`
      expectRefusal('is one link too many')
    })

    it('of several new parts is made by calls that come at once', async () => {
      testbed.addDevice('eth2')
      for (let round = 0; round < 5; round++) {
        stateDir = `${directory}/new${round}/a/b/`
        const outcomes = await Promise.all(
          ['eth1', 'eth2'].map((device) =>
            startPlugin(testbed, path, 'ADD', {
              configuration: { stateDir, device },
              variables: { CNI_CONTAINERID: device, CNI_IFNAME: device },
            }),
          ),
        )
        for (const { exitCode, stdout } of outcomes) expect(exitCode, stdout).toBe(0)
        for (const device of ['eth1', 'eth2'])
          callPlugin(testbed, path, 'DEL', {
            configuration: { stateDir },
            variables: { CNI_CONTAINERID: device, CNI_IFNAME: device },
          })
      }
    })
  })

  describe.each(OTHERS)('%s', (_, make) => {
    beforeEach(() => {
      for (const name of ['attachments', 'locks'])
        mkdirSync(`${stateDir}/${name}`, { recursive: true, mode: 0o700 })
    })

    it('as a record is set aside', () => {
      make(`${stateDir}/attachments/${RECORD}`, elsewhere)
      const { exitCode, stderr } = call('ADD')
      expect(exitCode).toBe(0)
      expect(stderr).toContain(`is now ${stateDir}/attachments/${RECORD}.set-aside`)
      expect(call('DEL').exitCode).toBe(0)
    })

    it("as another attachment's record is set aside", () => {
      make(`${stateDir}/attachments/other:net1.json`, elsewhere)
      testbed.onHost('link set eth1 alias lent-perhaps')
      expect(call('ADD').exitCode).toBe(0)
      expect(call('DEL').exitCode).toBe(0)
    })

    it('as a record that is not complete is overwritten', () => {
      make(`${stateDir}/attachments/${RECORD}.new`, elsewhere)
      expect(call('ADD').exitCode).toBe(0)
      expect(readdirSync(`${stateDir}/attachments`)).toEqual([RECORD])
      expect(call('DEL').exitCode).toBe(0)
    })

    it('as a lock is refused', () => {
      make(`${stateDir}/locks/container-1:net1`, elsewhere)
      const { document } = call('ADD')
      expect(document).toMatchObject({ code: 5, msg: expect.stringContaining('no regular file') })
      expect(testbed.hostState()).toBe(before)
    })

    it('as a log file is not written', () => {
      const logFile = `${directory}/log`
      make(logFile, elsewhere)
      const { exitCode, stderr } = call('ADD', { logFile, logLevel: 'info' })
      expect(exitCode).toBe(0)
      expect(stderr).toBe(`host-device-l3: cannot log to ${logFile}: ${logFile} is no regular file`)
      expect(existsSync(`${logFile}-nothing`)).toBe(false)
    })
  })

  it('a FIFO that somebody reads is not written as a log file', async () => {
    const logFile = `${directory}/log`
    execFileSync('mkfifo', [logFile])
    const reader = spawn('cat', [logFile], { stdio: 'ignore' })
    await new Promise((resolve) => setTimeout(resolve, 200))
    const { exitCode, stderr } = call('ADD', { logFile, logLevel: 'info' })
    reader.kill()
    expect(exitCode).toBe(0)
    expect(stderr).toContain('is no regular file')
  })

  it('a log file with a second name, or behind a link of another user, is not written', () => {
    const logFile = `${directory}/log`
    linkSync(elsewhere, logFile)
    expect(call('ADD', { logFile, logLevel: 'info' }).stderr).toContain('is no regular file')
    expect(call('DEL', { logFile, logLevel: 'info' }).stderr).toContain('is no regular file')
    const theirs = mkdtempSync(`${directory}/theirs-`)
    symlinkSync('/var/lib', `${theirs}/link`)
    execFileSync('chown', ['-h', 'nobody', `${theirs}/link`])
    const { stderr } = call('ADD', { logFile: `${theirs}/link/hdl3-log`, logLevel: 'info' })
    expect(stderr).toContain('belongs to another user')
    expect(existsSync('/var/lib/hdl3-log')).toBe(false)
  })

  it('a record that others can write is no proof of anything', () => {
    call('ADD')
    chmodSync(`${stateDir}/attachments/${RECORD}`, 0o666)
    expect(call('DEL').document).toMatchObject({
      code: 5,
      msg: `cannot read ${stateDir}/attachments/${RECORD}: others can write to ${stateDir}/attachments/${RECORD}`,
    })
    chmodSync(`${stateDir}/attachments/${RECORD}`, 0o600)
    expect(call('DEL').exitCode).toBe(0)
    expect(testbed.onHost('link show eth1')).toContain('eth1')
  })

  describe.each([64, 236, 237, 241, 245, 255, 300, 5000])(
    'a container id of %i letters',
    (length) => {
      const CNI_CONTAINERID = 'c'.repeat(length)
      const mine = { variables: { CNI_CONTAINERID } }

      it('is as good as any', () => {
        expect(call('ADD', {}, mine)).toMatchObject({ exitCode: 0, stderr: '' })
        // One that differs at the end only.
        const others = { CNI_CONTAINERID: `${CNI_CONTAINERID.slice(1)}d`, CNI_NETNS: '' }
        expect(call('DEL', {}, { variables: others }).exitCode).toBe(0)
        expect(testbed.inPod('link show net1')).toContain('net1')
        expect(call('DEL', {}, mine)).toMatchObject({ exitCode: 0, stderr: '' })
        expect(testbed.onHost('address show eth1')).toContain('state UP')
        expect(readdirSync(`${stateDir}/attachments`)).toEqual([])
      })

      it('may have a record that is no record', () => {
        call('ADD', {}, mine)
        const [name = ''] = readdirSync(`${stateDir}/attachments`)
        renameSync(`${stateDir}/attachments/${name}`, `${directory}/record`)
        writeFileSync(`${stateDir}/attachments/${name}`, 'no JSON', { mode: 0o600 })
        const { exitCode, stderr } = call('GC', { 'cni.dev/valid-attachments': [] })
        expect(exitCode).toBe(0)
        expect(stderr).toContain('is now ')
        rmSync(`${stateDir}/attachments`, { recursive: true })
        mkdirSync(`${stateDir}/attachments`, { mode: 0o700 })
        renameSync(`${directory}/record`, `${stateDir}/attachments/${name}`)
        expect(call('DEL', {}, mine).exitCode).toBe(0)
        expect(testbed.onHost('link show eth1')).toContain('eth1')
      })
    },
  )
})
