import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { isMove, traceCalls } from '../support/strace.js'
import { Testbed } from '../support/testbed.js'

describe.each(ARTEFACTS)('$artefact, watched by strace,', ({ path }) => {
  let testbed: Testbed
  const trace = (kinds: string) => {
    const { exitCode, calls } = traceCalls(testbed, path, 'ADD', kinds)
    expect(exitCode).toBe(0)
    return calls
  }

  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    testbed.onHost('route add 203.0.113.0/24 via 198.51.100.1')
  })
  afterEach(() => testbed[Symbol.dispose]())

  it('moves and renames the device in one message', () => {
    const moves = trace('sendto').filter(isMove)
    expect(moves).toHaveLength(1)
    expect(moves[0]).toContain('net1')
  })

  it('sends no message more than it must, and reads no setting', () => {
    const calls = trace('sendto,openat,open')
    // The device, by name and by index; the name in the sandbox; queueing disciplines (programs of
    // others); addresses, rules, and two families of routes, nexthop objects, and neighbours and
    // proxies; the move; the device there; address; route.
    expect(calls.filter((call) => call.includes(' sendto('))).toHaveLength(15)
    expect(calls.filter((call) => call.includes('"/proc/sys/net'))).toEqual([])
  })

  it('starts no other process', () => {
    const calls = trace('process')
    expect(calls.filter((call) => call.includes('execve('))).toHaveLength(
      path.endsWith('.cjs') ? countOfEnvLookups(calls) : 1,
    )
    const clones = calls.filter((call) => /\b(clone3?|fork|vfork)\(/.test(call))
    expect(clones.filter((call) => !call.includes('CLONE_THREAD'))).toEqual([])
  })

  it('leaves no file in /tmp, /run or the home directory', () => {
    const created = trace('open,openat,creat,mkdir,mkdirat,link,linkat,symlink,symlinkat,mknod')
      .filter((call) => /O_CREAT|mkdir|link|mknod/.test(call) && !call.includes('= -1 '))
      .filter((call) => !call.includes(testbed.stateDirectory))
    expect(created).toEqual([])
  })
})

/** `#!/usr/bin/env node`: env looks for node in every directory of PATH until it is found. */
function countOfEnvLookups(calls: string[]): number {
  return calls.filter((call) => /execve\("[^"]*\/node"/.test(call)).length + 1
}
