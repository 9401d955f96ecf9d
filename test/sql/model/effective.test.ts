import fc from 'fast-check'
import { expect, it } from 'vitest'
import { compareHistory } from '../compare.ts'
import { ModelEngine } from '../engine.ts'
import { histories } from '../histories.ts'
import { follow, type Effective } from './effective.ts'
import { effective } from './rule.ts'
import { budgetOf } from './world.ts'
import type { Call, Entry, Reply } from './types.ts'

class Following extends ModelEngine {
  #stored: Effective = {}
  #seen: readonly Entry[] = []

  override perform(call: Call): Reply {
    const reply = super.perform(call)
    if (call.budget !== 'north') return reply
    const { log } = budgetOf(this.world, 'north')
    for (let length = this.#seen.length + 1; length <= log.length; length += 1)
      this.#stored = follow(this.#stored, log[length - 1]!, log.slice(0, length))
    this.#seen = log
    for (const cell of new Set(log.map((entry) => entry.cell)))
      expect(this.#stored[cell], cell).toBe(effective(log, cell))
    return reply
  }
}

it('an effective change stored per cell, moved by each record alone, is always the one of the rule', async () => {
  const property = fc.asyncProperty(histories(), (history) =>
    compareHistory(new Following(history.seeds), history),
  )
  await fc.assert(property, { numRuns: 1_000 })
})
