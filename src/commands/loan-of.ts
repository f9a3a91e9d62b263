import type { AttachmentRecord } from '../attachments/record-schema.js'
import type { DeviceChoice } from '../device/device-choice.js'

/** Whether what was lent is what a configuration means now, while it is not on the host to look at. */
export function isLoanOf({ device, mode }: AttachmentRecord, choice: DeviceChoice): boolean {
  if (mode === 'apply') return false
  const { onHost, sysfsPath } = device
  const hangsOn = (id: string) => sysfsPath?.split('/').includes(id) === true
  const matches: Record<keyof DeviceChoice, (value: string) => boolean> = {
    device: (name) => onHost.name === name || onHost.alternativeNames.includes(name),
    hwaddr: (address) => onHost.hardwareAddress === address.toLowerCase().replaceAll('-', ':'),
    kernelpath: (path) => sysfsPath?.startsWith(path) === true,
    pciBusID: hangsOn,
    deviceID: hangsOn,
  }
  const keys = Object.keys(matches) as (keyof DeviceChoice)[]
  return keys.some((key) => choice[key] !== undefined && matches[key](choice[key]))
}
