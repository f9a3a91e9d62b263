/** What the operator asked to carry; the keys are those of the configuration. */
export interface CapturePolicy {
  useInterfaceNetwork: boolean
  dynamicAddresses: 'drop' | 'ipv4' | 'all'
  routes: boolean
  rules: boolean
  neighbors: 'none' | 'permanent' | 'all'
  sysctls: string[] | 'all'
}
