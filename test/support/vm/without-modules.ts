import { readFileSync, writeFileSync } from 'node:fs'
import { runSync } from '../run-sync.js'
import { until } from '../until.js'

const MODPROBE = '/proc/sys/kernel/modprobe'

/** Takes modules from the kernel, and keeps it from loading any. Dispose it. */
export function withoutModules(names: string[]): Disposable {
  const former = readFileSync(MODPROBE, 'utf8').trim()
  // The kernel takes its time to end the namespaces that used them.
  until(() => runSync('modprobe', ['--remove', ...names], { reject: false }).exitCode === 0)
  writeFileSync(MODPROBE, '/bin/false')
  return { [Symbol.dispose]: () => writeFileSync(MODPROBE, former) }
}
