import { execa } from 'execa'

/** Has a process hold the lock on a file, as a call does that takes long, until it is disposed. */
export async function holdLock(file: string): Promise<AsyncDisposable> {
  const script = `exec 9>${file}; flock 9; echo locked; exec sleep 60`
  const holder = execa('sh', ['-c', script], { reject: false })
  await new Promise((resolve) => holder.stdout?.once('data', resolve))
  return {
    [Symbol.asyncDispose]: async () => {
      holder.kill()
      await holder
    },
  }
}
