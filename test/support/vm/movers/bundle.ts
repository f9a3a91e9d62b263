import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { Container } from './mover.js'

const BUSYBOX = '/bin/busybox'

/** What an OCI runtime makes a container of, as small as it can be. Dispose it. */
export class Bundle {
  readonly directory = mkdtempSync(join(tmpdir(), 'hdl3-bundle-'))
  /** A copy of the runtime in memory: runc copies itself on every start if it is elsewhere. */
  readonly program: string

  constructor(program: string) {
    this.program = `${this.directory}/program/${basename(program)}`
    for (const name of ['program', 'rootfs/bin', 'rootfs/proc', 'rootfs/dev'])
      mkdirSync(`${this.directory}/${name}`, { recursive: true })
    copyFileSync(program, this.program)
    copyFileSync(BUSYBOX, `${this.directory}/rootfs${BUSYBOX}`)
  }

  /** Writes the configuration of a container. */
  describe({ testbed, loans, network, failsLater }: Container): void {
    const own = network === 'host' ? [] : [{ type: 'network', path: testbed.sandboxPath }]
    const configuration = {
      ociVersion: '1.2.1',
      process: { args: [BUSYBOX, 'sleep', '1'], cwd: '/', user: { uid: 0, gid: 0 } },
      root: { path: 'rootfs' },
      mounts: [
        { destination: '/proc', type: 'proc', source: 'proc' },
        { destination: '/dev', type: 'tmpfs', source: 'tmpfs' },
      ],
      hooks: failsLater ? { createRuntime: [{ path: '/bin/false' }] } : {},
      linux: {
        namespaces: [{ type: 'mount' }, { type: 'pid' }, ...own],
        netDevices: Object.fromEntries(loans.map(({ device, as }) => [device, nameOf(device, as)])),
      },
    }
    writeFileSync(`${this.directory}/config.json`, JSON.stringify(configuration))
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true, force: true })
  }
}

/** A device that keeps its name needs none. */
function nameOf(device: string, as: string): { name?: string } {
  return device === as ? {} : { name: as }
}
