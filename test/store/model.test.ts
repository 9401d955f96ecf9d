import fc from 'fast-check'
import { describe, it } from 'vitest'
import { run, step } from './simulation.ts'

describe('in any order of facts, pending writes, reads and subscriptions', () => {
  it('the store shows what is newest, tells exactly what changed, and keeps what did not', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 50, size: 'max' }), (steps) => run(steps)),
      { numRuns: 1000 },
    )
  })
})
