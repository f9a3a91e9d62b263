import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Environment } from '../../src/cni/environment.js'

const NETNS = '/run/netns/pod-1'
const environmentOf = (command: string, more: Partial<Environment> = {}): Environment => ({
  ...{ command, containerId: 'c', netns: NETNS, ifName: 'net1', path: '/', args: '' },
  ...{ netnsOverride: '', ...more },
})

describe('an error says what its call was about,', () => {
  // How far a call has come is the process's.
  let phases: typeof import('../../src/phases.js')
  let subject: typeof import('../../src/commands/error-subject.js')
  beforeEach(async () => {
    vi.resetModules()
    phases = await import('../../src/phases.js')
    subject = await import('../../src/commands/error-subject.js')
  })

  const detailsOf = (
    command: string,
    msg: string,
    { code = 11, details = '', network = {}, environment = {} } = {},
  ) =>
    subject.withSubject(
      { cniVersion: '1.1.0', code, msg, ...(details === '' ? {} : { details }) },
      environmentOf(command, environment),
      { name: 'lent', device: 'eth1', ...network },
    ).details

  it.each([
    ['ADD', {}, 'nothing was changed; ADD was for eth1, as net1 in sandbox /run/netns/pod-1'],
    ['CHECK', {}, 'CHECK was for eth1, as net1 in sandbox /run/netns/pod-1'],
    ['DEL', {}, 'a later DEL tries again; DEL was for eth1, as net1 in sandbox /run/netns/pod-1'],
    [
      'DEL',
      { details: 'the device is on the host', environment: { netns: '' } },
      'the device is on the host; DEL was for eth1, as net1',
    ],
    ['STATUS', {}, 'STATUS was for eth1'],
    ['GC', { environment: { netns: '', ifName: '' } }, 'GC was for the network lent'],
    [
      'CHECK',
      { network: { ifName: 'data0' } },
      'CHECK was for eth1, as data0 in sandbox /run/netns/pod-1',
    ],
    [
      'CHECK',
      { network: { device: undefined, hwaddr: '02:00:00:00:00:01' } },
      'CHECK was for the device with hwaddr 02:00:00:00:00:01, as net1 in sandbox /run/netns/pod-1',
    ],
    [
      'CHECK',
      { network: { device: '', runtimeConfig: { deviceID: '0000:01:00.0' } } },
      'CHECK was for the device with deviceID 0000:01:00.0, as net1 in sandbox /run/netns/pod-1',
    ],
    ['CHECK', { network: { device: 5 } }, 'CHECK was for net1 in sandbox /run/netns/pod-1'],
  ])('%s with %j', (command, options, details) => {
    expect(detailsOf(command, 'the time is over', options)).toBe(details)
  })

  it.each([
    ['both are named', 'cannot move eth1 into sandbox /run/netns/pod-1 as net1: no', undefined],
    ['the device is named with a colon', 'eth1: in /run/netns/pod-1', undefined],
    ['another device has a longer name', 'eth10 in /run/netns/pod-1', expect.anything()],
    ['another sandbox has a longer path', 'eth1 in /run/netns/pod-10', expect.anything()],
    ['the sandbox is not named', 'cannot lend eth1: it is lent', expect.anything()],
  ])('unless it does by itself: %s', (_, msg, details) => {
    expect(detailsOf('CHECK', msg)).toEqual(details)
  })

  it('and that nothing was changed where the record could not be written', () => {
    phases.enterPhase('record')
    expect(detailsOf('ADD', 'cannot write x: no space', { code: 5 })).toBe(
      'nothing was changed; ADD was for eth1, as net1 in sandbox /run/netns/pod-1, and failed while it wrote its record',
    )
  })

  it('and where ADD was, but not that nothing was changed once something was', () => {
    phases.enterPhase('record')
    phases.enterPhase('apply')
    phases.enterPhase('undo')
    phases.enterPhase('locks')
    expect(detailsOf('ADD', 'the time is over', { details: 'the device is back' })).toBe(
      'the device is back; ADD was for eth1, as net1 in sandbox /run/netns/pod-1, and failed while it gave the interface its state',
    )
  })

  it.each(['look', 'locks', 'capture', 'record'] as const)(
    'and what else was changed before it was refused while it was at: %s',
    (phase) => {
      phases.enterPhase('restore')
      phases.enterPhase(phase)
      expect(detailsOf('ADD', 'no', { details: 'nothing was changed: it stays' })).toMatch(
        /^nothing else was changed: it stays; /,
      )
    },
  )

  it('in one line, whatever the names have in them', () => {
    const network = { device: 'a\nb\u001b[31m' }
    expect(detailsOf('CHECK', 'no', { network })).toMatch(/^CHECK was for a\\x0ab\\x1b\[31m, as/)
  })
})
