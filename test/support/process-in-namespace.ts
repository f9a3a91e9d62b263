import { once } from 'node:events'
import { execa } from 'execa'

/** Keeps a network namespace alive with a process in it, also when its name is gone. Dispose it. */
export async function startProcessIn(
  namespace: string,
): Promise<AsyncDisposable & { pid: number }> {
  const words = ['netns', 'exec', namespace, 'sh', '-c', 'echo there; exec sleep 60']
  const process = execa('ip', words, { reject: false })
  await once(process.stdout, 'data')
  return {
    pid: process.pid ?? 0,
    async [Symbol.asyncDispose]() {
      process.kill()
      await process
    },
  }
}
