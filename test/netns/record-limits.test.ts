import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BOTH_ARTEFACTS } from '../support/artefacts.js'
import { callPlugin } from '../support/plugin.js'
import { Testbed } from '../support/testbed.js'

const MEBIBYTE = 1 << 20
const OF_ANOTHER = 'container-9:net0.json'

describe.each(BOTH_ARTEFACTS)('the bounds of a record: $artefact', ({ path }) => {
  let testbed: Testbed
  let before: string

  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    before = testbed.hostState()
  })
  afterEach(() => testbed[Symbol.dispose]())

  it.each([65, 256, 5000])('one of %i MiB is set aside unread, and blocks nobody', (mebibytes) => {
    const directory = `${testbed.stateDirectory}/attachments`
    mkdirSync(directory, { mode: 0o700, recursive: true })
    writeFileSync(`${directory}/${OF_ANOTHER}`, '', { mode: 0o600 })
    truncateSync(`${directory}/${OF_ANOTHER}`, mebibytes * MEBIBYTE)
    const started = performance.now()
    const { exitCode, stderr } = callPlugin(testbed, path, 'ADD')
    expect({ exitCode, stderr }).toEqual({
      exitCode: 0,
      stderr: expect.stringContaining(`it is now ${directory}/${OF_ANOTHER}.set-aside`),
    })
    expect(performance.now() - started).toBeLessThan(3000)
    expect(callPlugin(testbed, path, 'DEL')).toMatchObject({ exitCode: 0, stderr: '' })
    expect(testbed.filesIn('attachments')).toEqual([`${OF_ANOTHER}.set-aside`])
    expect(testbed.hostState()).toBe(before)
  })

  /** The addon of the JavaScript file has more than 100 bytes: it cannot be loaded then. */
  const WITHOUT_ROOM = {
    'a file may have no more than 100 bytes': 'prlimit --fsize=100 "$@" | cat',
    'its file system is full':
      'mount -t tmpfs -o size=4k,mode=700 none $0; mkdir -m 700 $0/attachments $0/locks; head -c 4096 /dev/zero > $0/full; "$@"',
    'its file system has no inodes': 'mount -t tmpfs -o nr_inodes=5,mode=700 none $0; "$@"',
  }

  it.each(Object.entries(WITHOUT_ROOM))(
    'that cannot be written changes nothing, and the error says so: %s',
    (_, script) => {
      const shell = `mkdir -p -m 700 $0; ${script}`
      const directory = `${testbed.stateDirectory}/full`
      const wrapper = ['unshare', '--mount', 'sh', '-c', shell, directory]
      const { document } = callPlugin(testbed, path, 'ADD', {
        wrapper,
        configuration: { stateDir: directory },
      })
      expect(document).toMatchObject({
        code: script.includes('fsize') && path.endsWith('.cjs') ? 8 : 5,
        msg: expect.stringMatching(/(EFBIG|ENOSPC)/),
        details: expect.stringMatching(/^nothing was changed.*; ADD was for eth1/),
      })
      expect(testbed.hostState()).toBe(before)
    },
  )

  it('that cannot be written again stays as it was', () => {
    testbed.inPod('link add net1 type veth peer name other')
    const configuration = { mode: 'apply' }
    expect(callPlugin(testbed, path, 'ADD', { configuration }).exitCode).toBe(0)
    const [file = ''] = testbed.filesIn('attachments')
    const record = readFileSync(`${testbed.stateDirectory}/attachments/${file}`, 'utf8')
    const wrapper = ['sh', '-c', 'prlimit --fsize=100 "$@" | cat', 'sh']
    const { document } = callPlugin(testbed, path, 'ADD', { configuration, wrapper })
    expect(document.msg).toContain('EFBIG')
    expect(testbed.filesIn('attachments')).toEqual([file])
    expect(readFileSync(`${testbed.stateDirectory}/attachments/${file}`, 'utf8')).toBe(record)
    expect(callPlugin(testbed, path, 'DEL', { configuration }).exitCode).toBe(0)
    expect(testbed.inPod('address show dev net1')).not.toContain('198.51.100.5')
  })
})
