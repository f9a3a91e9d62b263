import { rmSync, writeFileSync } from 'node:fs'
import { runSync } from '../../run-sync.js'

const MOUNTS = '/run/hdl3-newer-debian'

/**
 * A mount namespace in which packages of newer Debian releases lie over the installed ones:
 * what is in them finds the libraries it was built for. Dispose it.
 */
export class NewerDebian {
  /** @param roots where the packages were unpacked, the uppermost first */
  constructor(roots: readonly string[]) {
    const lower = [...roots.map((root) => `${root}/usr`), '/usr'].join(':')
    writeFileSync(MOUNTS, '')
    // With the first namespace it names, `ip` makes their directory one that is shared.
    runSync('ip', ['-batch', '-'], { input: 'netns add hdl3-first\nnetns delete hdl3-first' })
    // A slave sees the namespaces that are named later.
    const unshare = [`--mount=${MOUNTS}`, '--propagation=slave']
    const mount = ['mount', '-t', 'overlay', '-o', `lowerdir=${lower}`, 'overlay', '/usr']
    runSync('unshare', [...unshare, ...mount])
  }

  /** Runs a command there, in a network namespace; `/sys` is still that of the machine. */
  run(network: string, words: readonly string[]) {
    const places = [`--mount=${MOUNTS}`, `--net=/run/netns/${network}`]
    return runSync('nsenter', [...places, ...words], { reject: false, timeout: 60_000 })
  }

  [Symbol.dispose](): void {
    runSync('umount', [MOUNTS])
    rmSync(MOUNTS)
  }
}
