import { describe, expect, it } from 'vitest'
import { readConfiguration } from '../../src/cni/configuration.js'

const reading = (keys: object) => () => readConfiguration({ name: 'n', device: 'eth1', ...keys })

describe('the keys of the configuration', () => {
  it('have defaults', () => {
    expect(reading({})()).toEqual({
      name: 'n',
      device: 'eth1',
      useInterfaceNetwork: true,
      dynamicAddresses: 'drop',
      routes: true,
      rules: true,
      neighbors: 'permanent',
      sysctls: [],
      restoreOnDelete: true,
      force: false,
      repairOnCheck: false,
      foreignPrograms: 'keep',
      gvisor: false,
      timeoutSeconds: 100,
      logLevel: 'warning',
      stateDir: '/var/lib/cni/host-device-l3',
    })
  })

  it.each([
    [{ device: 5 }, '"device" cannot be 5; it must be a text'],
    [{ ifName: 'a/b' }, '"ifName" cannot be "a/b"; it must be the name of the device in'],
    [{ ifName: '..' }, '"ifName" cannot be ".."'],
    [{ ifName: 'sixteen-letters-' }, '"ifName" cannot be "sixteen-letters-"'],
    [{ mode: 'copy' }, '"mode" cannot be "copy"; it must be "move", "apply" or "capture"'],
    [{ timeoutSeconds: 0 }, '"timeoutSeconds" cannot be 0; it must be a number of seconds'],
    [{ gvisor: 'yes' }, '"gvisor" cannot be "yes"; it must be true or false'],
    [{ gvisor: { timeoutSeconds: -1 } }, '"gvisor" cannot be'],
    [{ logFile: 'log' }, '"logFile" cannot be "log"; it must be the absolute path'],
    [{ logLevel: 'loud' }, '"logLevel" cannot be "loud"; it must be "error", "warning"'],
    [{ ipam: 'static' }, '"ipam" cannot be "static"; it must be an object'],
    [{ dns: { nameservers: 'x' } }, '"dns" cannot be'],
    [
      { useInterfaceNetwork: 'yes' },
      '"useInterfaceNetwork" cannot be "yes"; it must be true or false',
    ],
    [
      { dynamicAddresses: 'ipv6' },
      '"dynamicAddresses" cannot be "ipv6"; it must be "drop", "ipv4"',
    ],
    [{ neighbors: true }, '"neighbors" cannot be true; it must be "none", "permanent" or "all"'],
    [{ dynamicAddresses: { carry: 'drop' } }, '"dynamicAddresses" cannot be {"carry":"drop"}'],
    [{ routes: 'no' }, '"routes" cannot be "no"; it must be true or false: whether routes are'],
    [{ routes: { default: 1 } }, '"routes" cannot be {"default":1}'],
    [{ routeMetric: 0 }, '"routeMetric" cannot be 0; it must be a whole number from 1 to'],
    [
      { foreignPrograms: true },
      '"foreignPrograms" cannot be true; it must be "keep", "detach" or "refuse": what to do about XDP and tc programs of others on the device',
    ],
    [{ sysctls: ['net.ipv4.ip_forward'] }, '"sysctls" cannot be ["net.ipv4.ip_forward"]'],
    [{ sysctls: ['net.ipv4.conf../../../x'] }, '"sysctls" cannot be'],
    [{ hwaddr: 5 }, '"hwaddr" cannot be 5; it must be a text'],
    [{ pciBusID: '../../x' }, '"pciBusID" cannot be "../../x"; it must be the PCI address'],
    [{ runtimeConfig: { deviceID: 'a/b' } }, '"runtimeConfig" cannot be'],
    [{ runtimeConfig: { CNIDeviceInfoFile: '/etc/nologin' } }, '"runtimeConfig" cannot be'],
    [{ stateDir: 'state' }, '"stateDir" cannot be "state"; it must be the absolute path'],
    [{ prevResult: { ips: [{}] } }, '"prevResult" cannot be {"ips":[{}]}; it must be the result'],
  ])('%j is refused', (keys, message) => {
    expect(reading(keys)).toThrow(
      expect.objectContaining({ code: 7, message: expect.stringContaining(message) }),
    )
  })

  it('restoreOnDelete is false by default for a device that is lent bare', () => {
    const restores = (keys: object) => reading(keys)().restoreOnDelete
    expect(restores({ useInterfaceNetwork: false })).toBe(false)
    expect(restores({ useInterfaceNetwork: true })).toBe(true)
    expect(restores({ useInterfaceNetwork: false, restoreOnDelete: true })).toBe(true)
    expect(restores({ restoreOnDelete: false })).toBe(false)
  })

  it('an empty ipam is no ipam, and other keys are nobody’s business', () => {
    expect(reading({ ipam: {}, type: 'host-device-l3', x: 1 })).not.toThrow()
  })
})
