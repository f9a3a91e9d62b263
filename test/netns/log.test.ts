import { existsSync, readFileSync, statSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { callPlugin } from '../support/plugin.js'
import { ScriptedIpam } from '../support/scripted-ipam.js'
import { Testbed } from '../support/testbed.js'

describe.each(ARTEFACTS)('the log: $artefact', ({ path }) => {
  let testbed: Testbed
  let logFile: string
  const call = (command: string, configuration: object = {}) =>
    callPlugin(testbed, path, command, {
      configuration: { logFile, logLevel: 'info', ...configuration },
      variables: {
        CNI_ARGS: 'IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web-0;TOKEN=hush',
      },
    })
  const events = () =>
    readFileSync(logFile, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))

  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    logFile = `${testbed.stateDirectory}/log`
  })
  afterEach(() => testbed[Symbol.dispose]())

  it('has a line for each event, with whom it is about and what was decided', () => {
    const ipam = { type: 'static', addresses: [{ address: '10.9.9.9/24' }], password: 'hush' }
    expect(call('ADD', { args: { cni: { secret: 'hush' } } }).stderr).toBe('')
    expect(call('DEL').exitCode).toBe(0)
    const about = {
      network: 'lent',
      containerId: 'container-1',
      interface: 'net1',
      sandbox: testbed.sandboxPath,
      pod: 'web-0',
      podNamespace: 'shop',
    }
    expect(events()).toEqual([
      {
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        level: 'info',
        event: `lent eth1 to sandbox ${testbed.sandboxPath}`,
        command: 'ADD',
        ...about,
        device: 'eth1',
        as: 'net1',
        carried: ['address: 198.51.100.5/24'],
        leftBehind: expect.arrayContaining([
          expect.stringMatching(/^route: 198.51.100.0\/24 .*\(the kernel makes it itself/),
        ]),
      },
      expect.objectContaining({ level: 'info', event: 'ADD is over', command: 'ADD', ...about }),
      expect.objectContaining({
        level: 'info',
        event: 'ended the attachment of eth1',
        command: 'DEL',
        ...about,
      }),
      expect.objectContaining({ level: 'info', event: 'DEL is over', command: 'DEL', ...about }),
    ])
    call('ADD', { ipam })
    expect(readFileSync(logFile, 'utf8')).not.toContain('hush')
    expect(statSync(logFile).mode & 0o777).toBe(0o600)
  })

  it('has errors, as they are answered', () => {
    const { document } = call('ADD', { device: 'eth7' })
    expect(events()).toEqual([
      expect.objectContaining({ level: 'error', ...document }),
      expect.objectContaining({ level: 'info', event: 'ADD is over' }),
    ])
  })

  it.each([
    ['error', 0, 0],
    ['warning', 1, 1],
    ['info', 3, 1],
  ])('at level %s has what matters to that level', (logLevel, lines, warnings) => {
    const { stderr } = call('ADD', { logLevel, neighbours: 'none' })
    expect(existsSync(logFile) ? events() : []).toHaveLength(lines)
    const told =
      'host-device-l3: unknown key "neighbours" is ignored; "neighbors" says which neighbour entries are carried'
    expect(stderr).toBe(warnings === 0 ? '' : told)
  })

  it('has at the end of a call how many milliseconds each phase took', () => {
    using ipam = new ScriptedIpam({ ADD: 'sleep 0.2; echo "{}"' })
    const delegation = {
      configuration: { logFile, logLevel: 'info', ipam: { type: ipam.type } },
      variables: { CNI_PATH: ipam.directory },
    }
    const last = (command: string) => {
      expect(callPlugin(testbed, path, command, delegation).exitCode).toBe(0)
      return events().at(-1)
    }
    const { event, milliseconds } = last('ADD')
    expect(event).toBe('ADD is over')
    const { total, ...phases } = milliseconds as Record<string, number>
    expect(Object.keys(phases).toSorted()).toEqual(
      ['apply', 'capture', 'ipam', 'locks', 'look', 'move', 'record', 'report', 'start'].toSorted(),
    )
    expect(phases.ipam).toBeGreaterThan(200)
    const sum = Object.values(phases).reduce((before, time) => before + time, 0)
    expect(Math.abs(sum - (total ?? 0))).toBeLessThan(1)
    expect(Object.keys(last('DEL').milliseconds).toSorted()).toEqual(
      ['ipam', 'locks', 'look', 'move', 'record', 'restore', 'start', 'total'].toSorted(),
    )
  })

  it.each([
    ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', true],
    ['00-0af7651916cd43dd8448eb211c80319c', false],
    ['x\u001b[31m', false],
    ['', false],
  ])(
    'has the trace context %j in each line if it is one, and so has IPAM',
    (TRACEPARENT, isOne) => {
      using ipam = new ScriptedIpam()
      const { exitCode } = callPlugin(testbed, path, 'ADD', {
        configuration: { logFile, logLevel: 'info', ipam: { type: ipam.type } },
        variables: { CNI_PATH: ipam.directory, TRACEPARENT },
      })
      expect(exitCode).toBe(0)
      expect(events().length).toBeGreaterThan(1)
      for (const { traceparent } of events())
        expect(traceparent).toBe(isOne ? TRACEPARENT : undefined)
      if (isOne) expect(ipam.received('environment', 'ADD')).toContain(`TRACEPARENT=${TRACEPARENT}`)
    },
  )

  it.each([
    ['the journal', '%d:%i', '<4>host-device-l3: unknown key "neighbours"'],
    ['another stream than the journal', '%d:1%i', 'host-device-l3: unknown key "neighbours"'],
  ])('has warnings with their level on stderr that is %s', (_, format, start) => {
    // What systemd sets: the device and the inode of the stream.
    const wrapper = [
      'sh',
      '-c',
      `JOURNAL_STREAM=$(stat -Lc ${format} /proc/self/fd/2) exec "$@"`,
      'sh',
    ]
    const configuration = { neighbours: 'none' }
    const { stderr } = callPlugin(testbed, path, 'ADD', { configuration, wrapper })
    expect(stderr.slice(0, start.length)).toBe(start)
    expect(stderr.split('\n')).toHaveLength(1)
  })

  it('is no condition: the call succeeds where it cannot be written', () => {
    const { exitCode, stderr } = call('ADD', { logFile: '/proc/nothing/log' })
    expect(exitCode).toBe(0)
    expect(stderr).toContain('cannot log to /proc/nothing/log: ')
  })

  describe('says what the host loses', () => {
    const warning = /with eth1 the host has lost its only default route: default via 198.51.100.1/

    it('with its only default route', () => {
      testbed.onHost('route add default via 198.51.100.1')
      expect(call('ADD').stderr).toMatch(warning)
      expect(events()[0]).toMatchObject({ level: 'warning' })
    })

    it('but not where another device has one', () => {
      testbed.addDevice('eth2')
      testbed.onHost('address add 192.0.2.5/24 dev eth2')
      testbed.onHost('route add default via 198.51.100.1 metric 10')
      testbed.onHost('route add default via 192.0.2.1 metric 20')
      expect(call('ADD').stderr).toBe('')
    })

    it('for each family', () => {
      testbed.addDevice('eth2')
      testbed.onHost('address add 2001:db8::5/64 dev eth1')
      testbed.onHost('-6 route add default via 2001:db8::1')
      testbed.onHost('address add 192.0.2.5/24 dev eth2')
      testbed.onHost('route add default via 192.0.2.1 dev eth2')
      expect(call('ADD').stderr).toContain('default via 2001:db8::1 dev eth1')
    })
  })
})
