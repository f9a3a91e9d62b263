import { debianVersion } from './debian-version.js'
import { NewerDebian } from './newer-debian.js'
import { OciRuntime } from './oci-runtime.js'

// Both have netDevices, and libraries that the stable release has not.
const RUNC = `${process.cwd()}/build/experimental-runc/root`
const CRUN = `${process.cwd()}/build/sid-crun/root`

/** runc and crun, as Debian has them next. Dispose them. */
export class OciRuntimes {
  private readonly debian = new NewerDebian([RUNC, CRUN])
  readonly all = [
    new OciRuntime('runc', debianVersion('runc', RUNC), this.debian, `${RUNC}/usr/sbin/runc`),
    new OciRuntime('crun', debianVersion('crun', CRUN), this.debian, `${CRUN}/usr/bin/crun`),
  ];

  [Symbol.dispose](): void {
    for (const runtime of this.all) runtime[Symbol.dispose]()
    this.debian[Symbol.dispose]()
  }
}
