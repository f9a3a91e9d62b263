/**
 * What can go wrong outside the CNI protocol itself, in terms of devices,
 * sandboxes and the kernel. `cni/error.ts` says which CNI code each kind has.
 */
export type FailureKind =
  | 'configuration-invalid'
  | 'sandbox-invalid'
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
   * @param kind what sort of failure, for the code of the answer
   * @param message what was attempted on which device and sandbox, and why it failed
   * @param details the state things are in now, or how to mend it
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
