import { printAbout } from './standard-streams.js'

/** Tells the operator something that did not go wrong, but is good to know. */
export function warn(text: string): void {
  try {
    printAbout(`host-device-l3: ${text}`)
  } catch {
    // A device that is lent must not be taken back because nobody could be told a detail.
  }
}
