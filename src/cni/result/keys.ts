/** The keys of a result that this program reads. */
export const RESULT_KEYS = ['cniVersion', 'interfaces', 'ips', 'routes', 'dns', 'ip4', 'ip6']
