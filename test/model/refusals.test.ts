import { describe, expect, it } from 'vitest'
import {
  CellLockedError,
  ForbiddenError,
  LeaseLostError,
  NotFoundError,
  RefusedError,
  VersionConflictError,
  type RefusedChange,
  type StoredCell,
} from '@efir/cells'

const cell: StoredCell = {
  ...{
    module: 'm',
    entity: null,
    field: 'f',
    period: null,
    exists: true,
    id: 'c1',
    kind: 'number',
    value: '1',
  },
  ...{ valueType: 'input', isLocked: true, lockReason: 'Approved', version: 3, modifiedBy: null },
  modifiedAt: '2026-11-23T08:00:00+00:00',
}
const conflict = {
  ...{ status: 'conflict', index: 0, base: cell, baseVersion: 2, mine: '5', theirs: { ...cell, version: 4 } },
} as const satisfies RefusedChange
const cause = new Error('below')

describe('an error of a refusal', () => {
  it.each([
    [
      new VersionConflictError('no', conflict, [conflict], { cause }),
      'VersionConflictError',
      'version_conflict',
    ],
    [new CellLockedError('no', cell, [conflict], { cause }), 'CellLockedError', 'locked'],
    [
      new LeaseLostError('no', { cell, heldBy: 'bob', heldUntil: 'then' }, [conflict], { cause }),
      'LeaseLostError',
      'lease_lost',
    ],
    [new ForbiddenError('no', [conflict], { cause }), 'ForbiddenError', 'forbidden'],
    [new NotFoundError('no', [conflict], { cause }), 'NotFoundError', 'not_found'],
  ])('%s has its name, its code and what was refused, and is not worth another try', (error, name, code) => {
    expect(error).toBeInstanceOf(RefusedError)
    expect([error.name, error.code, error.message, error.retryable]).toEqual([name, code, 'no', false])
    expect(error.refused).toEqual([conflict])
    expect(error.cause).toBe(cause)
  })

  it('carries both sides of a conflict, and the locked cell', () => {
    const { base, baseVersion, mine, theirs } = new VersionConflictError('no', conflict, [conflict])
    expect({ base, baseVersion, mine, theirs }).toEqual({
      base: cell,
      baseVersion: 2,
      mine: '5',
      theirs: conflict.theirs,
    })
    expect(new CellLockedError('no', cell, []).cell).toBe(cell)
  })

  it('of a lost lease says who holds it, and what to do unless something else is said', () => {
    const lost = new LeaseLostError('no', { cell: null, heldBy: 'bob', heldUntil: 'then' })
    expect([lost.cell, lost.heldBy, lost.heldUntil, lost.refused]).toEqual([null, 'bob', 'then', []])
    expect(lost.hint).toBe('Acquire it again, and look at the cell before you write.')
    expect('cause' in lost).toBe(false)
    expect(new LeaseLostError('no', lost, [], { hint: 'Wait.' }).hint).toBe('Wait.')
    expect(new ForbiddenError('no', []).hint).toBeUndefined()
  })
})
