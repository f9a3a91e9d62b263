import { callPlugin } from '../../plugin.js'
import { ScriptedIpam } from '../../scripted-ipam.js'
import type { Container, Loan, Mover } from './mover.js'

const REFUSES = `echo '{"code":11,"msg":"no address is left"}'; exit 1`

/** A CNI plugin, which is called once for every device. */
export class CniPlugin implements Mover {
  constructor(
    readonly name: string,
    readonly version: string,
    private readonly path: string,
    /** Of its configuration, besides the device. */
    private readonly keys: Record<string, unknown> = {},
  ) {}

  start(container: Container): string | undefined {
    using ipam = new ScriptedIpam({ ADD: REFUSES })
    const keys = container.failsLater ? { ipam: { type: ipam.type } } : {}
    return this.forEach(container, 'ADD', keys, ipam.directory)
  }

  end(container: Container): string | undefined {
    return this.forEach(container, 'DEL')
  }

  /** Calls it for one device after the other, until it fails. */
  private forEach(container: Container, command: string, keys = {}, path = '/opt/cni/bin') {
    const { host, stateDirectory, sandboxPath: pod } = container.testbed
    const sandboxPath = container.network === 'host' ? `/run/netns/${host}` : pod
    const call = ({ device, as }: Loan) =>
      callPlugin({ host, stateDirectory, sandboxPath }, this.path, command, {
        configuration: { cniVersion: '1.0.0', device, ...this.keys, ...keys },
        variables: { CNI_CONTAINERID: container.id, CNI_IFNAME: as, CNI_PATH: path },
      })
    for (const loan of container.loans) {
      const { exitCode, stdout } = call(loan)
      if (exitCode !== 0) return stdout
    }
    return undefined
  }
}
