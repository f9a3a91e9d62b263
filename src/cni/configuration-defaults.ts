/**
 * Default values of the configuration's keys. In a file of their own because the schema must not
 * end up in the bundle.
 */
export const CONFIGURATION_DEFAULTS = {
  useInterfaceNetwork: true,
  dynamicAddresses: 'drop' as const,
  routes: true as boolean | { default?: boolean },
  rules: true,
  neighbors: 'permanent' as const,
  sysctls: [] as string[],
  restoreOnDelete: true,
  force: false,
  repairOnCheck: false,
  foreignPrograms: 'keep' as const,
  gvisor: false as boolean | { timeoutSeconds?: number },
  timeoutSeconds: 100,
  logLevel: 'warning' as const,
  stateDir: '/var/lib/cni/host-device-l3',
}
