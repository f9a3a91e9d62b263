import { existsSync, writeFileSync } from 'node:fs'
import { runSync } from '../run-sync.js'
import { until } from '../until.js'
import type { Nic } from './machine.js'

/** Binds a NIC to a driver for programs, until it is disposed; then it is the kernel's again. */
export class BoundToUserspace {
  constructor(
    private readonly nic: Nic,
    driver: string,
  ) {
    runSync('modprobe', [driver])
    this.bindTo(driver)
  }

  [Symbol.dispose](): void {
    this.bindTo('')
    until(() => existsSync(`${this.directory}/net`))
  }

  private bindTo(driver: string): void {
    writeFileSync(`${this.directory}/driver/unbind`, this.nic.pci)
    writeFileSync(`${this.directory}/driver_override`, `${driver}\n`)
    writeFileSync('/sys/bus/pci/drivers_probe', this.nic.pci)
  }

  private get directory(): string {
    return `/sys/bus/pci/devices/${this.nic.pci}`
  }
}
