/** Values of the keys that are left out. Apart from the schema, which a good call never loads. */
export const CONFIGURATION_DEFAULTS = {
  useInterfaceNetwork: true,
  dynamicAddresses: 'drop' as const,
  routes: true,
  rules: true,
  neighbors: 'permanent' as const,
  sysctls: [] as string[],
  restoreOnDelete: false,
  force: false,
  gvisor: false as boolean | { timeoutSeconds?: number },
  timeoutSeconds: 100,
  logLevel: 'warning' as const,
  stateDir: '/var/lib/cni/host-device-l3',
}
