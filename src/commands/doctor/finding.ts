import type { Configuration } from '../../cni/configuration-schema.js'
import type { NetworkNamespace } from '../../kernel/namespace.js'
import type { Link } from '../../kernel/netlink/link-schema.js'

/** Something that keeps calls from working, or a device from being what it should be. */
export interface Finding {
  /** With a fault, calls fail. A warning may be meant so. A note is of what was not looked at. */
  level: 'fault' | 'warning' | 'note'
  /** A word or two: "rights". */
  about: string
  /** A sentence without a full stop, and what proves it. */
  text: string
  /** What to do, without a full stop. */
  cure: string
}

/** What the checks look at. */
export interface Subject {
  configuration: Configuration
  host: NetworkNamespace
  /** The device that the configuration selects, if it is on the host. */
  device: Link | undefined
}

/** A check. It changes nothing. What it throws is a fault, too. */
export type Check = (subject: Subject) => Finding[]

/**
 * A check that can be made where the host's network cannot be looked at.
 * @param plugins all of the list, or the only one
 */
export type CheckOfFiles = (
  configuration: Configuration,
  plugins: Record<string, unknown>[],
) => Finding[] | Promise<Finding[]>

export function fault(about: string, text: string, cure: string): Finding {
  return { level: 'fault', about, text, cure }
}

export function warning(about: string, text: string, cure: string): Finding {
  return { level: 'warning', about, text, cure }
}
