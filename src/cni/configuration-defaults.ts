/** Values of the keys that are left out. Apart from the schema, which a good call never loads. */
export const CONFIGURATION_DEFAULTS = {
  useInterfaceNetwork: true,
  stateDir: '/var/lib/cni/host-device-l3',
}
