/** Does what is good to have done, but no reason to fail for. */
export function ignoringErrors(work: () => void): void {
  try {
    work()
  } catch {
    // What matters is decided already.
  }
}
