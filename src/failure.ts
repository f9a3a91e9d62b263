/**
 * Kinds of failure outside the CNI protocol itself: devices, sandboxes and the kernel.
 * `cni/error.ts` maps each kind to a CNI error code.
 */
export type FailureKind =
  | 'configuration-invalid'
  | 'sandbox-invalid'
  | 'sandbox-gone'
  | 'device-not-found'
  | 'device-refused'
  | 'name-taken'
  | 'kernel-refused'
  | 'return-failed'
  | 'not-as-left'
  | 'delegate-failed'
  | 'not-available'
  | 'lent-to-nobody'
  | 'state-unusable'
  | 'busy'
  | 'internal'

/** A failure whose message is written for the operator who reads a pod's events. */
export class Failure extends Error {
  /**
   * @param kind determines the CNI error code
   * @param message what was attempted on which device and sandbox, and why it failed
   * @param details the current state, or what to do about it
   */
  constructor(
    readonly kind: FailureKind,
    message: string,
    readonly details = '',
    options?: ErrorOptions,
  ) {
    super(message, options)
    this.name = 'Failure'
  }
}

/** What the return of a device throws once it is home, where it stays down: a DEL goes on from there. */
export function leftDown(name: string, message: string): Failure {
  return new Failure(
    'return-failed',
    message,
    `the device is on the host as ${name}, down; a later DEL tries again`,
  )
}
