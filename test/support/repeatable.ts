/** Two runs whose calls are recorded are to have the same random inputs. */
if (process.env.RECORD_CALLS !== undefined) {
  const { default: fc } = await import('fast-check')
  fc.configureGlobal({ seed: 1 })
}

export {}
