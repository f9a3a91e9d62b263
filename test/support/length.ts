/** Set by vitest.long.config.ts: sweeps and soaks run in full, not the short form of `make test`. */
export const LONG = process.env.LONG === '1'
