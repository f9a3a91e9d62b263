/** What the C host of the executable offers beside modules and globals of Node. */

declare module 'host:native' {
  type NativeAddon = import('../kernel/native-addon.js').NativeAddon
  export const enterNetworkNamespace: NativeAddon['enterNetworkNamespace']
  export const openNetlinkSocket: NativeAddon['openNetlinkSocket']
  export const setSocketTimeout: NativeAddon['setSocketTimeout']
  export const namespaceCookie: NativeAddon['namespaceCookie']
  export const openSysfs: NativeAddon['openSysfs']
  export const findDevice: NativeAddon['findDevice']
  export const listDevices: NativeAddon['listDevices']
  export const namespaceInode: NativeAddon['namespaceInode']
  export const shareFiles: NativeAddon['shareFiles']
  export const transact: NativeAddon['transact']
  export const transactInParts: NativeAddon['transactInParts']
  export const startTransaction: NativeAddon['startTransaction']
  export const finishTransaction: NativeAddon['finishTransaction']
  export const tryLock: NativeAddon['tryLock']
  export const nextEntries: NativeAddon['nextEntries']
  export const startProgram: NativeAddon['startProgram']
  export const startAnnouncement: NativeAddon['startAnnouncement']
  export const waitForProgram: NativeAddon['waitForProgram']
  export const openProcess: NativeAddon['openProcess']
  export const killProcess: NativeAddon['killProcess']
  export const waitForTermination: NativeAddon['waitForTermination']
  export const tcxPrograms: NativeAddon['tcxPrograms']
  export const detachTcx: NativeAddon['detachTcx']
  export const detachLink: NativeAddon['detachLink']
  export const findXdpLink: NativeAddon['findXdpLink']
  export const readFeatures: NativeAddon['readFeatures']
  export const changeFeatures: NativeAddon['changeFeatures']
  export const addressText: NativeAddon['addressText']
  export const addressBytes: NativeAddon['addressBytes']
  export const differences: NativeAddon['differences']
  export const passRoutes: NativeAddon['passRoutes']
  export const digestOfRoutes: NativeAddon['digestOfRoutes']
  export const isWantedRoute: NativeAddon['isWantedRoute']
  export const addressListText: NativeAddon['addressListText']
  export const addressListBytes: NativeAddon['addressListBytes']
  export const describeErrno: NativeAddon['describeErrno']
}

declare module 'host:keeper' {
  export function keeperProgram(): Uint8Array
}

declare module 'host:child' {
  /** What `runChild` of ipam/child-process.ts does, at once. */
  export function runChild(
    ...parameters: Parameters<import('../ipam/child-process.js').RunChild>
  ): import('../ipam/child-process.js').ChildOutcome
}
