const SETTLE_MILLISECONDS = 200

/** Where the bench works: namespaces of its own, and a state directory of ours. */
export interface Network {
  hostName: string
  sandboxName: string
  sandboxPath: string
  stateDirectory: string
}

/** Lets the kernel finish what it has been left to do in the background. */
export function settle(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, SETTLE_MILLISECONDS)
}
