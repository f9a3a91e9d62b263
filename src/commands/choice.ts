import type { Configuration } from '../cni/configuration-schema.js'
import type { DeviceChoice } from '../device/device-choice.js'

/** Which device a configuration means. An empty text is as good as none, as in host-device. */
export function choiceOf(configuration: Configuration): DeviceChoice {
  const { device, hwaddr, kernelpath, pciBusID, runtimeConfig } = configuration
  return {
    device: device || undefined,
    hwaddr: hwaddr || undefined,
    kernelpath: kernelpath || undefined,
    pciBusID: pciBusID || undefined,
    deviceID: runtimeConfig?.deviceID || undefined,
  }
}
