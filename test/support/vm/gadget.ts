import {
  existsSync,
  mkdirSync,
  readdirSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { batch } from '../batch.js'
import { runSync } from '../run-sync.js'

const CONFIGFS = '/sys/kernel/config'
const GADGET = `${CONFIGFS}/usb_gadget/hdl3`
const CONTROLLER = 'dummy_udc.0'

/**
 * A USB gadget on a controller that is none: its network devices hang on one device of a bus, as the
 * ports of a card do, and have no permanent MAC. Dispose it, and they are gone.
 */
export class Gadget {
  constructor(
    private readonly host: string,
    names: string[],
  ) {
    runSync('modprobe', ['--all', 'dummy_hcd', 'usb_f_ncm'])
    if (!existsSync(`${CONFIGFS}/usb_gadget`))
      runSync('mount', ['-t', 'configfs', 'configfs', CONFIGFS])
    this.make(names)
  }

  /** Ends its devices, wherever they are, and has the kernel make others. */
  makeAgain(names: string[]): void {
    this.end()
    this.make(names)
  }

  [Symbol.dispose](): void {
    this.end()
  }

  private make(names: string[]): void {
    mkdirSync(GADGET)
    writeFileSync(`${GADGET}/idVendor`, '0x1d6b')
    writeFileSync(`${GADGET}/idProduct`, '0x0104')
    mkdirSync(`${GADGET}/configs/c.1`)
    for (const [n] of names.entries()) {
      mkdirSync(`${GADGET}/functions/ncm.${n}`)
      symlinkSync(`${GADGET}/functions/ncm.${n}`, `${GADGET}/configs/c.1/ncm.${n}`)
    }
    writeFileSync(`${GADGET}/UDC`, CONTROLLER)
    const given = readdirSync(`/sys/devices/platform/${CONTROLLER}/gadget.0/net`).toSorted()
    batch(this.host, ...given.map((name, n) => `link set ${name} name ${names[n]}`))
  }

  private end(): void {
    if (!existsSync(GADGET)) return
    writeFileSync(`${GADGET}/UDC`, '\n')
    const functions = readdirSync(`${GADGET}/functions`)
    for (const name of functions) unlinkSync(`${GADGET}/configs/c.1/${name}`)
    for (const name of functions) rmdirSync(`${GADGET}/functions/${name}`)
    rmdirSync(`${GADGET}/configs/c.1`)
    rmdirSync(GADGET)
  }
}
