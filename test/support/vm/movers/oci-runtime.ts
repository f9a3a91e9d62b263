import { readFileSync, rmSync } from 'node:fs'
import { Bundle } from './bundle.js'
import type { Container, Mover } from './mover.js'
import type { NewerDebian } from './newer-debian.js'

/** An OCI runtime, with the devices as `linux.netDevices` of the container's configuration. */
export class OciRuntime implements Mover {
  private readonly bundle: Bundle

  constructor(
    readonly name: string,
    readonly version: string,
    private readonly debian: NewerDebian,
    program: string,
  ) {
    this.bundle = new Bundle(program)
  }

  start(container: Container): string | undefined {
    this.bundle.describe(container)
    return this.call(container, 'create', '--bundle', this.bundle.directory, container.id)
  }

  end(container: Container): string | undefined {
    return this.call(container, 'delete', '--force', container.id)
  }

  [Symbol.dispose](): void {
    this.bundle[Symbol.dispose]()
  }

  private call({ testbed }: Container, ...words: string[]): string | undefined {
    const { program, directory } = this.bundle
    const said = `${directory}/said`
    rmSync(said, { force: true })
    // To a file: the container, which stays, has them too, and would keep a pipe open.
    const script = `exec "$@" </dev/null >${said} 2>&1`
    const command = [program, '--root', `${directory}/state`, ...words]
    const { exitCode } = this.debian.run(testbed.host, ['sh', '-c', script, 'sh', ...command])
    return exitCode === 0 ? undefined : readFileSync(said, 'utf8')
  }
}
