import type { Captured } from './schema.js'

/**
 * Reasons to leave an object behind, and whether it reappears by itself when the device returns.
 */
export const REASONS = {
  'not-asked-for': { words: 'the configuration does not ask for it', returnsByItself: false },
  'host-scope': { words: 'its scope is the host', returnsByItself: false },
  'link-local': { words: 'link-local: every link has its own', returnsByItself: true },
  'link-scope': { words: 'its scope is the link', returnsByItself: false },
  temporary: { words: 'a temporary address (privacy extensions)', returnsByItself: true },
  dynamic: { words: 'dynamic: a lease gave it', returnsByItself: false },
  autoconfigured: { words: 'a router advertisement gave it', returnsByItself: false },
  duplicate: { words: 'duplicate address detection failed', returnsByItself: false },
  'with-address': {
    words: 'possible only with an address that stays behind',
    returnsByItself: false,
  },
  'local-table': { words: 'it is in table local', returnsByItself: false },
  expired: { words: 'it has expired', returnsByItself: true },
  'cache-entry': { words: 'an entry of the route cache', returnsByItself: true },
  'router-advertisement': { words: 'a router advertisement gave it', returnsByItself: false },
  redirect: { words: 'an ICMP redirect gave it', returnsByItself: true },
  'kernel-made': { words: 'the kernel makes it itself, with the address', returnsByItself: true },
  'default-rule': { words: 'every namespace has this rule', returnsByItself: true },
  goto: {
    words: 'it jumps to another rule, which would not be the same there',
    returnsByItself: true,
  },
  'other-device': { words: 'it is about another device', returnsByItself: true },
  unrelated: { words: 'nothing that is carried is in it', returnsByItself: true },
  multicast: { words: 'the kernel makes it itself, for multicast', returnsByItself: true },
  noarp: { words: 'noarp, not permanent', returnsByItself: false },
  learned: { words: 'learned, not configured', returnsByItself: true },
} as const

export type Reason = keyof typeof REASONS

/** Reasons of objects that the kernel makes itself, in every namespace or for every device. */
const OF_KERNEL: Reason[] = [
  'cache-entry',
  'default-rule',
  'kernel-made',
  'link-local',
  'multicast',
]

/** Whether an object is left behind because the kernel makes it itself. */
export function isOfKernel(reason: Reason | undefined): boolean {
  return reason !== undefined && OF_KERNEL.includes(reason)
}

/** The captured objects that are carried. */
export function carried<T>(captured: Captured<T>[]): T[] {
  return captured.filter(({ leftBehind }) => leftBehind === undefined).map(({ value }) => value)
}

/** The captured objects that do not reappear on the host by themselves. */
export function toRestore<T>(captured: Captured<T>[]): T[] {
  const isToRestore = ({ leftBehind }: Captured<T>) =>
    leftBehind === undefined || !REASONS[leftBehind].returnsByItself
  return captured.filter(isToRestore).map(({ value }) => value)
}
