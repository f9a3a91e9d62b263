import { describe, expect, it } from 'vitest'
import { decodeNetwork } from '../../src/cni/network.js'

const decode = (network: object) => decodeNetwork(JSON.stringify(network))

describe('keys are taken as the CNI library takes them', () => {
  it('in any case, also inside of others', async () => {
    expect(
      await decode({
        NAME: 'n',
        HWAddr: 'x',
        RuntimeConfig: { DeviceId: '0000:01:00.0' },
        IPAM: { Type: 'static', Other: 1 },
        'CNI.dev/Valid-Attachments': [],
      }),
    ).toEqual({
      name: 'n',
      hwaddr: 'x',
      runtimeConfig: { deviceID: '0000:01:00.0' },
      ipam: { type: 'static', Other: 1 },
      'cni.dev/valid-attachments': [],
    })
  })

  it('the last of several', async () => {
    expect((await decodeNetwork('{"name":"n","device":"a","Device":"b"}')).device).toBe('b')
    expect((await decodeNetwork('{"name":"n","Device":"b","device":"a"}')).device).toBe('a')
  })

  it('with null for one that is not there, but for the list that GC gets', async () => {
    expect(await decode({ name: 'n', device: null, prevResult: null })).toEqual({ name: 'n' })
    const list = { 'cni.dev/valid-attachments': null }
    expect(await decode({ name: 'n', ...list })).toEqual({ name: 'n', ...list })
    expect((await decode({ name: 'n', prevResult: { ips: null } })).prevResult).toEqual({})
  })

  it('without being led astray by names that every object has', async () => {
    const network = await decodeNetwork('{"name":"n","__proto__":{"device":"x"},"constructor":1}')
    expect(network.device).toBeUndefined()
  })
})
