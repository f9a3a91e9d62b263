import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

describe('a wait', () => {
  let deadline: typeof import('../../src/deadline.js')
  let seconds = 0
  let pauses: number[]
  beforeEach(async () => {
    vi.resetModules()
    deadline = await import('../../src/deadline.js')
    seconds = 100
    pauses = []
    vi.spyOn(process, 'uptime').mockImplementation(() => seconds)
    vi.spyOn(Atomics, 'wait').mockImplementation((...words: unknown[]) => {
      const milliseconds = Number(words[3])
      pauses.push(milliseconds)
      seconds += milliseconds / 1000
      return 'timed-out'
    })
  })
  afterEach(() => {
    vi.restoreAllMocks()
    vi.useRealTimers()
  })

  /** An attempt that succeeds the nth time; another program sets the clock before the second. */
  function attempts(nth: number, clock?: string): () => string | undefined {
    let made = 0
    return () => {
      made++
      if (made === 1 && clock !== undefined) vi.setSystemTime(new Date(clock))
      return made === nth ? `attempt ${made}` : undefined
    }
  }

  it('that need not be costs not even a look at the clock', () => {
    expect(deadline.waitUntil(1000, 10, attempts(1))).toBe('attempt 1')
    expect(process.uptime).not.toHaveBeenCalled()
    expect(pauses).toEqual([])
  })

  it.each(['1999-12-31T23:00:00Z', '2000-01-01T01:00:00Z'])(
    'is as long as it is to be when the clock is set to %s',
    (clock) => {
      vi.useFakeTimers({ toFake: ['Date'], now: new Date('2000-01-01T00:00:00Z') })
      expect(deadline.waitUntil(1000, 100, attempts(5, clock))).toBe('attempt 5')
      expect(deadline.waitUntil(1000, 100, attempts(50, clock))).toBe(undefined)
      expect(seconds).toBeCloseTo(100 + 0.4 + 1)
    },
  )

  it('ends with an attempt, at the end and not after it', () => {
    expect(deadline.waitUntil(250, 100, attempts(4))).toBe('attempt 4')
    expect(pauses.map(Math.round)).toEqual([100, 100, 50])
  })

  it('of no time is one attempt', () => {
    expect(deadline.waitUntil(0, 100, attempts(2))).toBe(undefined)
    expect(pauses).toEqual([])
  })

  it('is no longer than what the call has left', () => {
    deadline.startCall(2)
    expect(deadline.waitUntil(10_000, 500, attempts(50))).toBe(undefined)
    expect(seconds).toBeCloseTo(102)
  })

  it('in what must not stop half-way has time of its own, and after it none', () => {
    deadline.startCall(2)
    seconds = 101
    {
      using _time = deadline.timeToFinish(5)
      expect(deadline.waitUntil(10_000, 500, attempts(50))).toBe(undefined)
      expect(seconds).toBeCloseTo(106)
    }
    expect(deadline.requireTime).toThrow('timeoutSeconds')
    expect(() => deadline.timeToFinish(5)).toThrow('timeoutSeconds')
  })
})
