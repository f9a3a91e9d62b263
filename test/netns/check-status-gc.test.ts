import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { callPlugin } from '../support/plugin.js'
import { runSync } from '../support/run-sync.js'
import { ScriptedIpam } from '../support/scripted-ipam.js'
import { Testbed } from '../support/testbed.js'

describe.each(ARTEFACTS)('$artefact', ({ path }) => {
  let testbed: Testbed
  const call = (command: string, options = {}) => callPlugin(testbed, path, command, options)

  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    testbed.onHost('address add 2001:db8::5/64 dev eth1')
    testbed.onHost('route add 203.0.113.0/24 via 198.51.100.1 table 100')
    testbed.onHost('rule add from 198.51.100.5 lookup 100 priority 50')
    testbed.onHost('rule add iif eth1 lookup 100 priority 51')
  })
  afterEach(() => testbed[Symbol.dispose]())

  describe('CHECK', () => {
    const check = (prevResult: object) => call('CHECK', { configuration: { prevResult } })

    it('agrees with what ADD left', () => {
      const { document } = call('ADD')
      expect(check(document)).toMatchObject({ exitCode: 0, stdout: '' })
    })

    it('agrees with /32 addresses, which have no route of their own', () => {
      testbed.onHost('address add 10.128.0.5/32 dev eth1')
      expect(check(call('ADD').document).exitCode).toBe(0)
    })

    it('has no objection to what was added, or changed and reported', () => {
      const { document } = call('ADD')
      testbed.inPod('address add 192.0.2.5/24 dev net1')
      testbed.inPod('link set net1 address 02:00:00:00:00:99')
      document.interfaces[0].mac = '02:00:00:00:00:99'
      expect(check(document).exitCode).toBe(0)
    })

    it.each([
      [
        'an address',
        'address delete 198.51.100.5/24 dev net1',
        'address 198.51.100.5/24 is missing',
      ],
      ['a route', 'route delete 203.0.113.0/24 table 100', 'table 100 is missing'],
      ['a rule', 'rule delete priority 50', 'rule 50: from 198.51.100.5/32 lookup 100 is missing'],
      [
        'a rule about the device',
        'rule delete priority 51',
        'rule 51: from all iif net1 lookup 100 is',
      ],
      ['that it is up', 'link set net1 down', 'it is down'],
      ['its MAC', 'link set net1 address 02:00:00:00:00:98', 'its MAC is 02:00:00:00:00:98'],
      ['its name', 'link set net1 name other', 'its name should be net1'],
      ['the device', 'link delete net1', `eth1 is not in sandbox`],
    ])('misses %s', (_, words, message) => {
      const { document } = call('ADD')
      testbed.inPod(words)
      const outcome = check(document)
      expect(outcome.exitCode).toBe(1)
      expect(outcome.document).toMatchObject({ code: 105, msg: expect.stringContaining(message) })
    })

    it('needs a previous result, an attachment, and CNI 0.4.0', () => {
      const { document } = call('ADD')
      expect(call('CHECK').document).toMatchObject({ code: 7, msg: 'Required prevResult missing' })
      const variables = { CNI_CONTAINERID: 'another' }
      expect(
        call('CHECK', { configuration: { prevResult: document }, variables }).document.msg,
      ).toBe('no device is lent to container another as net1')
      const configuration = { cniVersion: '0.3.1', prevResult: document }
      expect(call('CHECK', { configuration }).document).toMatchObject({
        code: 1,
        msg: 'config version does not allow CHECK',
      })
    })
  })

  describe('STATUS', () => {
    const nothing = { CNI_CONTAINERID: undefined, CNI_NETNS: undefined, CNI_IFNAME: undefined }
    const status = (device = 'eth1') =>
      call('STATUS', { variables: nothing, configuration: { device } })

    it('is ready with the device on the host, and while it is lent', () => {
      expect(status()).toMatchObject({ exitCode: 0, stdout: '' })
      call('ADD')
      expect(status()).toMatchObject({ exitCode: 0, stdout: '' })
    })

    it('is not where there is no such device', () => {
      expect(status('eth7').document).toMatchObject({
        code: 50,
        msg: expect.stringMatching(
          /there is no device "eth7" on the host, and it is lent to nobody$/,
        ),
      })
    })

    it('is not where a device that only one of the keys selects is lent: ADD waits for no DEL', () => {
      const [{ address: hwaddr }] = JSON.parse(testbed.onHost('-json link show dev eth1'))
      call('ADD')
      const configuration = { device: 'eth7', hwaddr }
      expect(call('STATUS', { variables: nothing, configuration }).document).toMatchObject({
        code: 50,
        msg: expect.stringMatching(
          /there is no device "eth7" on the host, and it is lent to nobody$/,
        ),
      })
      const variables = { CNI_CONTAINERID: 'container-2', CNI_IFNAME: 'net2' }
      expect(call('ADD', { variables, configuration }).document).toMatchObject({
        code: 100,
        msg: expect.stringContaining('there is no device "eth7" on the host'),
      })
      const agreeing = { device: 'eth1', hwaddr }
      expect(call('ADD', { variables, configuration: agreeing }).document).toMatchObject({
        code: 11,
        msg: expect.stringContaining('eth1 is lent to container container-1'),
      })
    })

    it('is not where the device is lent to a sandbox that is gone', () => {
      call('ADD')
      testbed.run(testbed.host, `ip netns delete ${testbed.pod}`)
      expect(status().document).toMatchObject({
        code: 51,
        msg: expect.stringMatching(
          /^eth1 is lent to container container-1 since .* UTC, as net1 in sandbox .*, which is gone$/,
        ),
      })
    })

    it('is where the device was destroyed with its sandbox, made anew, and lent again', () => {
      call('ADD')
      // With it goes the pair, at once.
      testbed.inPod('link delete net1')
      runSync('ip', ['netns', 'delete', testbed.pod])
      testbed.addDevice('eth1')
      runSync('ip', ['netns', 'add', testbed.pod])
      const variables = { CNI_CONTAINERID: 'container-2' }
      const { exitCode, stdout } = call('ADD', { variables })
      expect(exitCode, stdout).toBe(0)
      expect(testbed.filesIn('attachments')).toHaveLength(2)
      expect(status()).toMatchObject({ exitCode: 0, stdout: '' })
    })

    it.each([
      ['others can write to it', 'chmod 777 STATE', /: others can write to /],
      ['it is read-only', 'mount --bind -o ro STATE STATE', / is mounted read-only$/],
      ['it is no directory', 'rm -r STATE; touch STATE', /: it is no directory$/],
      [
        'its file system is full',
        'mount -t tmpfs -o size=64k,mode=700 hdl3 STATE; head -c 1M /dev/zero >STATE/filler 2>/dev/null',
        / has no space left$/,
      ],
      [
        'its file system has no room for another file',
        'mount -t tmpfs -o nr_inodes=1,mode=700 hdl3 STATE',
        / has no inodes left$/,
      ],
    ])('is not where nothing can be recorded: %s', (_, words, why) => {
      const script = `${words.replaceAll('STATE', testbed.stateDirectory)}; exec "$@"`
      const wrapper = ['unshare', '--mount', 'sh', '-c', script, 'sh']
      const outcome = call('STATUS', { wrapper, variables: nothing })
      expect(outcome.document).toMatchObject({ code: 50, msg: expect.stringMatching(why) })
      expect(outcome.document.msg).toMatch(/^nothing can be recorded in /)
    })

    it('is where the file system of the records has no limits, and so tells none', () => {
      const mount = `mount -t tmpfs -o size=0,nr_inodes=0,mode=700 hdl3 ${testbed.stateDirectory}`
      const wrapper = ['unshare', '--mount', 'sh', '-c', `${mount} && exec "$@"`, 'sh']
      expect(call('STATUS', { wrapper, variables: nothing })).toMatchObject({ exitCode: 0 })
    })
  })

  describe('GC', () => {
    const nothing = { CNI_CONTAINERID: undefined, CNI_NETNS: undefined, CNI_IFNAME: undefined }
    const collect = (keys: object) => call('GC', { variables: nothing, configuration: keys })
    const valid = (list: unknown) => ({ 'cni.dev/valid-attachments': list })
    const records = () => testbed.filesIn('attachments')
    const isHome = () => testbed.onHost('link').includes('eth1@')

    beforeEach(() => {
      expect(call('ADD').exitCode).toBe(0)
    })

    it('leaves a valid attachment alone', () => {
      const outcome = collect(valid([{ containerID: 'container-1', ifname: 'net1' }]))
      expect(outcome).toMatchObject({ exitCode: 0, stdout: '' })
      expect(isHome()).toBe(false)
    })

    it.each([
      ['an empty list', []],
      ['a list of others', [{ containerID: 'container-1', ifname: 'net2' }]],
      ['null, which is an empty list in Go', null],
    ])('with %s brings the device home', (_, list) => {
      expect(collect(valid(list))).toMatchObject({ exitCode: 0, stdout: '' })
      expect(isHome()).toBe(true)
      expect(records()).toEqual([])
    })

    it('without a list touches nothing', () => {
      expect(collect({})).toMatchObject({ exitCode: 0, stdout: '' })
      expect(isHome()).toBe(false)
    })

    it('leaves other networks alone', () => {
      expect(collect({ name: 'another', ...valid([]) }).exitCode).toBe(0)
      expect(isHome()).toBe(false)
    })

    it('goes on where a record cannot be read, and tells of it', () => {
      testbed.addDevice('eth2')
      const other = { CNI_CONTAINERID: 'a-container', CNI_IFNAME: 'net2' }
      const configuration = { device: 'eth2', mode: 'capture' }
      expect(call('ADD', { configuration, variables: other }).exitCode).toBe(0)
      const unreadable = ['attachments', 'captures', 'gvisor'].map((name) => {
        mkdirSync(`${testbed.stateDirectory}/${name}`, { recursive: true, mode: 0o700 })
        const file = `${testbed.stateDirectory}/${name}/a:net1.json`
        writeFileSync(file, '{}')
        chmodSync(file, 0o666)
        return file
      })
      using ipam = new ScriptedIpam()
      const { exitCode, document } = call('GC', {
        variables: { ...nothing, CNI_PATH: ipam.directory },
        configuration: { ...valid([]), ipam: { type: ipam.type } },
      })
      expect(exitCode).toBe(1)
      expect(document.code).toBe(5)
      for (const file of unreadable)
        expect(document.msg).toContain(`cannot read ${file}: others can write to ${file}`)
      expect(isHome()).toBe(true)
      expect(testbed.filesIn('captures')).toEqual(['a:net1.json'])
      expect(ipam.calls).toEqual(['GC'])
    })

    it('goes on after a failure, and tells of it; a record it cannot read is no failure', () => {
      testbed.addDevice('eth2')
      const other = { CNI_CONTAINERID: 'container-2', CNI_IFNAME: 'net2' }
      call('ADD', { configuration: { device: 'eth2' }, variables: other })
      testbed.onHost('link add eth1 type ifb')
      writeFileSync(`${testbed.stateDirectory}/attachments/broken:net1.json`, '{')
      const { exitCode, document, stderr } = collect(valid([]))
      expect(exitCode).toBe(1)
      expect(document).toMatchObject({ code: 103, msg: expect.stringContaining('eth1') })
      expect(stderr).toContain('broken:net1.json')
      expect(testbed.onHost('link')).toContain('eth2@')
    })
  })
})
