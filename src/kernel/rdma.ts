import { existsSync, readFileSync } from 'node:fs'
import { pathOfText, textOfBytes } from './kernel-text.js'
import { entriesOf } from './sysfs.js'

/** The RDMA devices; there is no such directory where the kernel has not loaded RDMA. */
const RDMA_DEVICES = '/sys/class/infiniband'
/** Y or N, as `rdma system` shows and sets it. */
const SHARED = '/sys/module/ib_core/parameters/netns_mode'

/** An RDMA device of a network device. */
export interface RdmaDevice {
  name: string
  /** Whether software made it on the network device, as rdma_rxe does; else both are one NIC's. */
  isMadeOnIt: boolean
}

/** The RDMA devices of a network device. Where the kernel has none, it costs one system call. */
export function rdmaDevicesOf({ name: wanted }: { name: string }): RdmaDevice[] {
  return entriesOf(RDMA_DEVICES).flatMap((name): RdmaDevice[] => {
    const directory = `${RDMA_DEVICES}/${name}`
    const isOfNic = existsSync(pathOfText(`${directory}/device/net/${wanted}`))
    const isMadeOnIt = !isOfNic && parentOf(directory) === wanted
    return isOfNic || isMadeOnIt ? [{ name, isMadeOnIt }] : []
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

/** The network device that software made an RDMA device on. */
function parentOf(directory: string): string | undefined {
  try {
    return textOfBytes(readFileSync(pathOfText(`${directory}/parent`))).replace(/\n$/, '')
  } catch {
    return undefined
  }
}
