import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { pathOfText, textOfBytes } from './kernel-text.js'
import { entriesOf, networkDevicesOf } from './sysfs.js'

/** The RDMA devices; there is no such directory where the kernel has not loaded RDMA. */
const RDMA_DEVICES = '/sys/class/infiniband'
/** Y or N, as `rdma system` shows and sets it. */
const SHARED = '/sys/module/ib_core/parameters/netns_mode'
/** What a network device is: ARPHRD_INFINIBAND of linux/if_arp.h. */
const INFINIBAND = '32'

/** How an RDMA device hangs together with a network device. */
export interface RdmaRelation {
  name: string
  /** Whether software made it on the network device, as rdma_rxe does; else both are one NIC's. */
  isMadeOnIt: boolean
  /** Whether the NIC has other network devices, here or in other namespaces. */
  isOfOthers: boolean
}

/** The RDMA devices of a network device. Where the kernel has none, it costs one system call. */
export function rdmaDevicesOf({ name: wanted }: { name: string }): RdmaRelation[] {
  return entriesOf(RDMA_DEVICES).flatMap((name): RdmaRelation[] => {
    const directory = `${RDMA_DEVICES}/${name}`
    const isOfNic = existsSync(pathOfText(`${directory}/device/net/${wanted}`))
    const isMadeOnIt = !isOfNic && parentOf(directory) === wanted
    if (!isOfNic && !isMadeOnIt) return []
    const { names, elsewhere } = networkDevicesOf(`${directory}/device`)
    return [{ name, isMadeOnIt, isOfOthers: names.length + elsewhere > 1 }]
  })
}

/** The names of the RDMA devices of a NIC, whatever namespace its network device is in. */
export function rdmaDevicesAt(sysfsPath: string): string[] {
  return entriesOf(RDMA_DEVICES).filter((name) => {
    try {
      return realpathSync(pathOfText(`${RDMA_DEVICES}/${name}/device`)) === sysfsPath
    } catch {
      return false
    }
  })
}

/** Whether each RDMA device is of one namespace alone, rather than of all. */
export function isRdmaExclusive(): boolean {
  try {
    return readFileSync(SHARED, 'utf8').startsWith('N')
  } catch {
    return false
  }
}

/** Whether RDMA made a network device (IPoIB), rather than being another face of the same NIC. */
export function isMadeByRdma({ name }: { name: string }): boolean {
  try {
    return readFileSync(pathOfText(`/sys/class/net/${name}/type`), 'utf8').trim() === INFINIBAND
  } catch {
    return false
  }
}

/** The network device that software made an RDMA device on. */
function parentOf(directory: string): string | undefined {
  try {
    return textOfBytes(readFileSync(pathOfText(`${directory}/parent`))).replace(/\n$/, '')
  } catch {
    return undefined
  }
}
