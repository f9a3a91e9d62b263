import { readFileSync } from 'node:fs'
import { execaSync } from 'execa'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { callPlugin, runCommandLine } from '../support/plugin.js'
import { Testbed } from '../support/testbed.js'

/** Names of the kernel are bytes: these are octal, for printf. */
const NO_UTF8 = '\\377\\300x\\200'

describe.each(ARTEFACTS)('bytes that are no UTF-8: $artefact', ({ path }) => {
  let testbed: Testbed
  const call = (command: string, configuration: Record<string, unknown> = {}) =>
    callPlugin(testbed, path, command, { configuration })
  /** Runs a line of shell; `$(b TEXT)` in it are the bytes that printf makes of TEXT. */
  const shell = (namespace: string, line: string) =>
    execaSync('ip', ['netns', 'exec', namespace, 'sh', '-ec', `b() { printf "$1"; }; ${line}`], {
      encoding: 'buffer',
    }).stdout
  const hexadecimal = (line: string) => Buffer.from(shell(testbed.host, line)).toString('hex')

  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
  })
  afterEach(() => testbed[Symbol.dispose]())

  it.each([4, 90, 200])('in an alias of %i bytes come home', (length) => {
    const alias = NO_UTF8.repeat(length / 4)
    shell(testbed.host, `ip link set eth1 alias "$(b '${alias}')"`)
    const before = hexadecimal('cat /sys/class/net/eth1/ifalias')
    expect(before).toMatch(/^(ffc07880)+$/)
    expect(call('ADD').exitCode).toBe(0)
    expect(call('DEL')).toMatchObject({ exitCode: 0, stderr: '' })
    expect(hexadecimal('cat /sys/class/net/eth1/ifalias')).toBe(before)
  })

  it('in alternative names go along and come home', () => {
    const names = [NO_UTF8, `${NO_UTF8.repeat(15)}`]
    for (const name of names)
      shell(testbed.host, `ip link property add dev eth1 altname "$(b '${name}')"`)
    const before = hexadecimal('ip link show eth1 | grep -a altname')
    expect(before).toContain('ffc07880')
    expect(call('ADD').exitCode).toBe(0)
    expect(call('DEL')).toMatchObject({ exitCode: 0, stderr: '' })
    expect(hexadecimal('ip link show eth1 | grep -a altname')).toBe(before)
  })

  it('in a label are carried, and restored', () => {
    shell(testbed.host, `ip address add 198.51.100.6/24 dev eth1 label "eth1:$(b '${NO_UTF8}')"`)
    const labels = 'ip address show eth1 | grep -a 198.51.100.6'
    const before = hexadecimal(labels)
    expect(call('ADD').exitCode).toBe(0)
    const inPod = shell(testbed.pod, 'ip address show net1 | grep -a 198.51.100.6')
    expect(Buffer.from(inPod).toString('hex')).toContain(
      `${Buffer.from('net1:').toString('hex')}ffc07880`,
    )
    expect(call('DEL', { restoreOnDelete: true })).toMatchObject({ exitCode: 0, stderr: '' })
    expect(hexadecimal(labels)).toBe(before)
  })

  describe('in the name of the device', () => {
    let hwaddr: string
    const name = `e${NO_UTF8}`
    const names = () => hexadecimal('ls /sys/class/net')

    beforeEach(() => {
      hwaddr = testbed.run(testbed.host, 'cat /sys/class/net/eth1/address').stdout
      shell(testbed.host, `ip link set eth1 name "$(b '${name}')"`)
    })

    it('go with it to its record, and home', () => {
      const before = names()
      const device = { device: undefined, hwaddr, sysctls: ['net.ipv4.conf.rp_filter'] }
      expect(call('ADD', device).exitCode).toBe(0)
      expect(call('DEL', { ...device, restoreOnDelete: true })).toMatchObject({
        exitCode: 0,
        stderr: '',
      })
      expect(names()).toBe(before)
    })

    it('are escaped where it is named, and what depends on it is seen', () => {
      shell(testbed.host, `ip link add copy link "$(b '${name}')" type macvlan`)
      const { document } = call('ADD', { device: undefined, hwaddr })
      expect(document).toMatchObject({
        code: 104,
        msg: 'cannot lend e\\xff\\xc0x\\x80: copy on the host depends on it',
      })
      // In JSON such a byte is a half of a pair.
      const { exitCode } = call('ADD', { device: 'e\udcff\udcc0x\udc80', force: true })
      expect(exitCode).toBe(0)
    })

    it('are escaped by explain and in the log', () => {
      shell(testbed.host, `ip link property add dev "$(b '${name}')" altname other`)
      const { stdout } = runCommandLine(testbed, path, ['explain', 'other'])
      expect(stdout).toMatch(/^e\\xff\\xc0x\\x80: up, /)
      const logFile = `${testbed.stateDirectory}/log`
      call('ADD', { device: 'other', logFile, logLevel: 'info' })
      const [line = ''] = readFileSync(logFile, 'utf8').split('\n')
      expect(JSON.parse(line).device).toBe('e\\xff\\xc0x\\x80')
    })
  })

  it('and escape sequences of a pod are not printed raw', () => {
    call('ADD')
    const { document: prevResult } = call('CHECK', { prevResult: {} })
    shell(testbed.pod, `ip link set net1 down; ip link set net1 name "$(b '\\033]0;x\\007')"`)
    const { document, stdout } = call('CHECK', { prevResult: prevResult ?? {} })
    expect(document.msg).toContain('\\x1b]0;x\\x07')
    expect(stdout).not.toContain('u001b')
  })
})
