/**
 * Why a thing stays behind when its device is lent, and whether the kernel makes
 * it again by itself when the device comes back.
 */
export const REASONS = {
  'not-asked-for': { words: 'useInterfaceNetwork is false', kernelMakesIt: false },
  'host-scope': { words: 'its scope is the host', kernelMakesIt: false },
  'link-local': { words: 'link-local: every link has its own', kernelMakesIt: true },
  temporary: { words: 'a temporary address (privacy extensions)', kernelMakesIt: true },
  dynamic: { words: 'it has a lifetime: a lease or a router gave it', kernelMakesIt: false },
  duplicate: { words: 'duplicate address detection failed', kernelMakesIt: false },
  'local-table': { words: 'it is in table local', kernelMakesIt: false },
  'cache-entry': { words: 'an entry of the route cache', kernelMakesIt: true },
  'router-advertisement': { words: 'a router advertisement gave it', kernelMakesIt: false },
  redirect: { words: 'an ICMP redirect gave it', kernelMakesIt: true },
  'kernel-made': { words: 'the kernel makes it itself, with the address', kernelMakesIt: true },
} as const

export type Reason = keyof typeof REASONS
