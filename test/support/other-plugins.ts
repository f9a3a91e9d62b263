import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Testbed } from './testbed.js'

/** Where Debian's containernetworking-plugins are. */
export const STOCK_DIRECTORY = '/usr/lib/cni'

/** Where a testbed has the plugins that a test writes itself. */
export function pluginDirectory(testbed: Testbed): string {
  return `${testbed.stateDirectory}/bin`
}

/** Installs a plugin that is a script. */
export function installPlugin(testbed: Testbed, name: string, script: string): void {
  const path = `${pluginDirectory(testbed)}/${name}`
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, script, { mode: 0o755 })
}

/** Installs an IPAM plugin that assigns always the same: as stock `static`, but of any version. */
export function installFixedIpam(testbed: Testbed, name: string, assigned: object): void {
  const answer = JSON.stringify(assigned)
  installPlugin(testbed, name, `#!/bin/sh\n[ "$CNI_COMMAND" != ADD ] || echo '${answer}'\n`)
}
