/** Types of the modules that `build.mjs` generates in `build/`. */

/** The compiled addon, embedded in the bundle as its bytes. */
declare module '*/build/native-addon.node' {
  const bytes: Uint8Array
  export default bytes
}

/** The address keeper for gVisor, embedded the same way. */
declare module '*/build/keeper.bin' {
  const bytes: Uint8Array
  export default bytes
}

/**
 * The keys of the configuration schema, each with its check as plain code. TypeBox itself is not in
 * the bundle: loading it and interpreting a schema would take longer than everything else a call
 * does before its first system call.
 */
declare module '*/build/configuration-keys.js' {
  export const KEYS: {
    name: string
    required: boolean
    /** The schema's description: what is allowed. */
    allowed: string
    check: (value: unknown) => boolean
  }[]
}

/** The schema of attachment records, as plain code. */
declare module '*/build/check-attachment-record.js' {
  import type { AttachmentRecord } from './records/record-schema.js'
  export default function isAttachmentRecord(value: unknown): value is AttachmentRecord
}

/** The schema of gVisor records, as plain code. */
declare module '*/build/check-gvisor-record.js' {
  import type { GvisorRecord } from './gvisor/record-schema.js'
  export default function isGvisorRecord(value: unknown): value is GvisorRecord
}
