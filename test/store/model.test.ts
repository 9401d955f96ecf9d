import fc from 'fast-check'
import { describe, it } from 'vitest'
import { run, step } from './simulation.ts'

describe('in any order of facts, pending writes, reads and subscriptions', () => {
  const steps = fc.array(step, { maxLength: 50, size: 'max' })

  it('the store shows what is newest, tells exactly what changed, and keeps what did not', () => {
    fc.assert(
      fc.property(steps, (given) => run(given, true)),
      { numRuns: 300 },
    )
  })

  it('it makes no difference whether anybody looks', () => {
    fc.assert(
      fc.property(steps, (given) => run(given, false)),
      { numRuns: 300 },
    )
  })
})
