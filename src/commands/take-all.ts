import { asCniError, CniError } from '../cni/error.js'

/**
 * Takes every step, also after one that failed.
 * @throws CniError with the code of the first failure and the words of all
 */
export async function takeAll(steps: (() => unknown)[]): Promise<void> {
  const errors: CniError[] = []
  for (const step of steps) {
    try {
      await step()
    } catch (error) {
      errors.push(asCniError(error))
    }
  }
  const [first] = errors
  if (!first) return
  const details = errors.map((error) => error.details).filter((text) => text !== '')
  const messages = errors.map(({ message }) => message)
  throw new CniError(first.code, messages.join('; '), details.join('; '))
}
