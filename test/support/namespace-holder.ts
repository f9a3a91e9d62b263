import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'

const PROGRAM = fileURLToPath(new URL('hold-namespace.py', import.meta.url))

/** Something that alone keeps a namespace alive when its name is gone. Dispose it. */
export interface Holder extends AsyncDisposable {
  /** Takes away what covers a mount. */
  uncover(): Promise<void>
}

/** @param way as hold-namespace.py has it, e.g. "a process" */
export async function hold(path: string, way: string): Promise<Holder> {
  const holder = execa('python3', [PROGRAM, path, way], { reject: false })
  const said = await Promise.race([once(holder.stdout, 'data'), holder])
  if (!Array.isArray(said)) throw new Error(said.stderr)
  return {
    async uncover() {
      holder.stdin.write('\n')
      await once(holder.stdout, 'data')
    },
    async [Symbol.asyncDispose]() {
      holder.stdin.end()
      await holder
    },
  }
}
