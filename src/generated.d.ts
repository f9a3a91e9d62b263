/** What `build.mjs` makes in `build/` for the sources to import. */

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
 * The keys of the configuration schema, each with its check as plain code.
 * TypeBox itself stays out of the bundle: to load it and interpret a schema would
 * cost more than all else that a call does before it asks the kernel.
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
declare module '*/build/check-record.js' {
  export default function check(value: unknown): boolean
}

/** The schema of what is noted for gVisor, as plain code. */
declare module '*/build/check-keeping.js' {
  export default function check(value: unknown): boolean
}
