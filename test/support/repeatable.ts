/** Two runs whose calls are recorded are to have the same random inputs. */
if (process.env.RECORD_CALLS !== undefined) {
  const { default: fc } = await import('fast-check')
  fc.configureGlobal({ seed: 1 })
}

/** The seed that a property test printed when it failed: it does the same again. */
if (process.env.SEED !== undefined) {
  const { default: fc } = await import('fast-check')
  fc.configureGlobal({ seed: Number(process.env.SEED) })
}

export {}
