import { createClient } from '@supabase/supabase-js'
import { describe, expect, it } from 'vitest'
import { createCells, decimal, defineModules, RefusedError } from '@efir/cells'
import { Budget } from '../src/budget.ts'
import { openTransport } from '../src/transport/open.ts'
import { toFailure } from '../src/transport/failure.ts'
import { defaultPolicy } from '../src/transport/retry-policy.ts'
import { budgetVersionId } from './transport/support/scripted-server.ts'
import { TestClock } from './transport/support/test-clock.ts'

const modules = defineModules({ revenue: { growth: decimal({ as: 'number', period: true }) } })
const at = (period: string) => ({ module: 'revenue', field: 'growth', period }) as const
const id = '0199a3c4-0000-7000-8000-0000000000c1'
const tuple = (period: string, value: string, isLocked = false) => [
  ...[id, 'revenue', null, 'growth', period, value, null, 'input', isLocked, null, 3],
  ...['bob', '2026-11-23T08:00:00+00:00'],
]

/** A budget whose every call is refused so. */
function refusing(code: string, results: readonly unknown[]) {
  const failure = { code, message: 'No.', details: JSON.stringify({ results }) }
  const server = {
    request: () => Promise.resolve({ status: 409, failure: toFailure(failure, 409) }),
    refreshToken: () => Promise.resolve(false),
  }
  const transport = openTransport(server, defaultPolicy, { emit: () => undefined }, new TestClock())
  return new Budget<typeof modules>(budgetVersionId, transport, modules)
}

const caught = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.unreachable(),
    (error: unknown) => error,
  )

describe('what a caught error says about a cell', () => {
  it('is its conflict, with the values that its field makes of them', async () => {
    const budget = refusing('PT409', [[0, 'conflict', tuple('2025', '0.2')]])
    const error = await caught(budget.write(at('2025'), 0.3, { ifVersion: 2 }))
    const refusal = budget.refusalOf(error, at('2025'))
    expect(refusal).toMatchObject({
      ...{ status: 'conflict', index: 0, base: null, baseVersion: 2, mine: 0.3 },
      theirs: { value: 0.2, version: 3 },
    })
    if (refusal?.status !== 'conflict' || refusal.theirs === null) throw error
    // By the cell as it was read, too.
    expect(budget.refusalOf(error, refusal.theirs)).toBe(refusal)
  })

  it('is found though the cell is gone and nobody has read it', async () => {
    const budget = refusing('PT409', [[0, 'conflict', null]])
    const error = await caught(budget.write(at('2025'), 0.3, { ifVersion: 2 }))
    expect(budget.refusalOf(error, at('2025'))).toMatchObject({ status: 'conflict', theirs: null })
  })

  it('is what became of that change of a batch, and nothing where it was acceptable', async () => {
    const budget = refusing('PT409', [
      [1, 'conflict', tuple('2026', '0.2')],
      [2, 'locked', tuple('2027', '0.4', true)],
    ])
    const changes = ['2025', '2026', '2027'].map((period) => ({
      ...{ cell: at(period), value: 1, ifVersion: 2 },
    }))
    const error = await caught(budget.writeMany(changes))
    expect(error).toBeInstanceOf(RefusedError)
    expect(budget.refusalOf(error, at('2025'))).toBeUndefined()
    expect(budget.refusalOf(error, at('2026'))).toMatchObject({ status: 'conflict', index: 1 })
    expect(budget.refusalOf(error, at('2027'))).toMatchObject({ status: 'locked', cell: { value: 0.4 } })
  })

  it('is nothing where the error is of no refusal, or of none of our own changes', async () => {
    const budget = refusing('PT409', [[0, 'conflict', tuple('2025', '0.2')]])
    for (const other of [new Error('no'), undefined, { refused: [] }]) {
      expect(budget.refusalOf(other, at('2025'))).toBeUndefined()
    }
    // A restore names no changes; its cells are as they are stored.
    const restored = await caught(budget.restore({ revision: 1 }))
    expect(restored).toMatchObject({ refused: [{ status: 'conflict', theirs: { value: '0.2' } }] })
    expect(budget.refusalOf(restored, at('2025'))).toBeUndefined()
  })

  it('is nothing where other modules made the values, for they would be of other types', async () => {
    const plain = createCells(createClient('http://127.0.0.1:54321', 'key')).budget(budgetVersionId)
    const budget = refusing('PT409', [[0, 'conflict', tuple('2025', '0.2')]])
    const error = await caught(budget.write(at('2025'), 0.3, { ifVersion: 2 }))
    expect(plain.refusalOf(error, at('2025'))).toBeUndefined()
  })

  it('is asked for by an address that can be one', () => {
    const budget = refusing('PT409', [])
    // @ts-expect-error -- a module is text
    expect(() => budget.refusalOf(new Error('no'), { module: 7, field: 'growth', period: '2025' })).toThrow(
      expect.objectContaining({ code: 'invalid', field: 'cell.module', given: 7 }) as Error,
    )
  })
})
