import { constants, existsSync, mkdirSync, openSync, readlinkSync, writeFileSync } from 'node:fs'
import { closeDescriptor } from '../../kernel/descriptor.js'
import { pciDirectory } from '../../kernel/sysfs.js'
import { trustedPath } from '../../kernel/trusted-path.js'
import { warn } from '../../log.js'

/** The version of the Device Information Specification (Network Plumbing Working Group). */
const VERSION = '1.1.0'

/**
 * Writes what a device is to the file that Multus names (CNIDeviceInfoFile), unless there is one:
 * then a device plugin has said it already. Multus shows it in the pod's status, and removes the
 * file at DEL. It is no reason for ADD to fail.
 */
export function writeDeviceInfo(path: string, pciAddress: string): void {
  try {
    if (existsSync(path)) return
    const directory = madeDirectory(path.slice(0, path.lastIndexOf('/')))
    const { O_CREAT, O_EXCL, O_WRONLY } = constants
    const file = `${directory}/${path.slice(path.lastIndexOf('/') + 1)}`
    const fd = openSync(file, O_WRONLY | O_CREAT | O_EXCL, 0o644)
    try {
      writeFileSync(fd, `${JSON.stringify(deviceInfo(pciAddress))}\n`)
    } finally {
      closeDescriptor(fd)
    }
  } catch (error) {
    warn(`cannot write the device information to ${path}: ${(error as Error).message}`)
  }
}

function deviceInfo(pciAddress: string): object {
  const physicalFunction = physicalFunctionOf(pciAddress)
  return {
    type: 'pci',
    version: VERSION,
    pci: {
      'pci-address': pciAddress,
      ...(physicalFunction === undefined ? {} : { 'pf-pci-address': physicalFunction }),
    },
  }
}

/** The PCI address of the device that a VF is a part of; undefined for any other device. */
function physicalFunctionOf(pciAddress: string): string | undefined {
  try {
    return readlinkSync(`${pciDirectory(pciAddress)}/physfn`)
      .split('/')
      .at(-1)
  } catch {
    return undefined
  }
}

/** Makes a directory that other users cannot lead elsewhere, and those above it. */
function madeDirectory(path: string): string {
  const { resolved, exists } = trustedPath(path, false)
  if (exists) return resolved
  const above = resolved.slice(0, resolved.lastIndexOf('/'))
  if (above !== '') madeDirectory(above)
  try {
    mkdirSync(resolved, { mode: 0o755 })
  } catch (error) {
    // Another call makes it at this moment.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  return resolved
}
