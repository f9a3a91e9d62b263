import { describe, expect, it } from 'vitest'
import { readEnvironment } from '../../src/cni/environment.js'

const GOOD = {
  CNI_COMMAND: 'ADD',
  CNI_CONTAINERID: 'some-container-id',
  CNI_NETNS: '/some/netns/path',
  CNI_IFNAME: 'eth0',
  CNI_ARGS: 'some;extra;args',
  CNI_PATH: '/some/cni/path',
}

const reading = (variables: Record<string, string>) => () =>
  readEnvironment({ ...GOOD, ...variables })

describe('the environment', () => {
  it('is read into names of our own', () => {
    expect(readEnvironment(GOOD)).toEqual({
      command: 'ADD',
      containerId: 'some-container-id',
      netns: '/some/netns/path',
      ifName: 'eth0',
      args: 'some;extra;args',
      path: '/some/cni/path',
      netnsOverride: '',
    })
  })

  it.each([
    ['CNI_CONTAINERID', 'some-%%container-id', 'invalid characters in containerID'],
    ['CNI_IFNAME', '1234567890123456', 'interface name is too long'],
    ['CNI_IFNAME', '.', 'interface name is . or ..'],
    ['CNI_IFNAME', '..', 'interface name is . or ..'],
    ['CNI_IFNAME', 'test/test', 'interface name contains / or : or whitespace characters'],
    ['CNI_IFNAME', 'test:test', 'interface name contains / or : or whitespace characters'],
    ['CNI_IFNAME', 'test\u0085test', 'interface name contains / or : or whitespace characters'],
    ['CNI_IFNAME', 'test test', 'interface name contains / or : or whitespace characters'],
  ])('refuses %s=%s', (name, value, message) => {
    expect(reading({ [name]: value })).toThrow(expect.objectContaining({ code: 4, message }))
  })

  it.each(['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH'])('ADD needs %s', (name) => {
    expect(reading({ [name]: '' })).toThrow(`required env variables [${name}] missing`)
  })

  it('names all that is missing at once', () => {
    const variables = { CNI_NETNS: '', CNI_IFNAME: '', CNI_PATH: '' }
    expect(reading(variables)).toThrow(
      'required env variables [CNI_NETNS,CNI_IFNAME,CNI_PATH] missing',
    )
  })

  it('DEL does without a sandbox', () => {
    expect(reading({ CNI_COMMAND: 'DEL', CNI_NETNS: '' })().netns).toBe('')
  })

  it('VERSION does with nothing', () => {
    expect(readEnvironment({ CNI_COMMAND: 'VERSION' }).command).toBe('VERSION')
  })
})
