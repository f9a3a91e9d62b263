/** Waits until something is so, which it is said to be in the end. */
export function until(isSo: () => boolean, seconds = 20): void {
  const end = Date.now() + seconds * 1000
  const nothing = new Int32Array(new SharedArrayBuffer(4))
  while (!isSo()) {
    if (Date.now() > end) throw new Error(`waited ${seconds} seconds in vain: ${isSo}`)
    Atomics.wait(nothing, 0, 0, 50)
  }
}
