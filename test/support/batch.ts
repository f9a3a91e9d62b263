import { runSync } from './run-sync.js'

/** Has one `ip` do many things in a namespace: where everything is slow, that is much faster. */
export function batch(namespace: string, ...lines: string[]): void {
  runSync('ip', ['-n', namespace, '-batch', '-'], { input: lines.join('\n') })
}
