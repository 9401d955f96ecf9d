import { describe, expect, it } from 'vitest'
import {
  CellLockedError,
  ForbiddenError,
  LeaseLostError,
  NotFoundError,
  RefusedError,
  TransportError,
  ValidationError,
  VersionConflictError,
  type RefusedChange,
} from '@efir/cells'
import { prepareChange, type LooseChange } from '../src/change.ts'
import type { CellsError } from '../src/errors.ts'
import type { StoredCell } from '../src/model/cell.ts'
import { noRules } from '../src/modules/rules.ts'
import { rethrow, toPublicError } from '../src/refusal.ts'
import { toFailure } from '../src/transport/failure.ts'

const address = { module: 'revenue', entity: null, field: 'rate', period: '2025' }
const key = '["revenue",null,"rate","2025"]'
const id = '0199a3c4-0000-7000-8000-0000000000c1'

const cell = (more: Partial<StoredCell> = {}): StoredCell => ({
  ...address,
  exists: true,
  id,
  kind: 'number',
  value: '5',
  valueType: 'input',
  isLocked: false,
  lockReason: null,
  version: 3,
  modifiedBy: 'bob',
  modifiedAt: '2026-11-23T08:00:00+00:00',
  ...more,
})

const tuple = ({ isLocked = false, lockReason = null as string | null, version = 3 } = {}) => [
  ...[id, 'revenue', null, 'rate', '2025', '5', null, 'input', isLocked, lockReason, version],
  ...['bob', '2026-11-23T08:00:00+00:00'],
]

/** As the database raises it, and PostgREST passes it on. */
const refused = (code: string, detail: object, message = 'No.') =>
  toFailure({ code, message, details: JSON.stringify(detail), hint: 'Think.' }, 400, {})

const prepared = (...changes: LooseChange[]) =>
  changes.map((change, index) => prepareChange(change, `changes[${index}]`, noRules))

const refusedIn = (error: CellsError): readonly RefusedChange[] =>
  error instanceof RefusedError ? error.refused : []

const base = cell({ version: 2, value: '4' })

describe('a conflict', () => {
  const conflict = refused('PT409', { results: [[0, 'conflict', tuple()]] })

  it('has base, mine and theirs, and says of which cell and which versions', () => {
    const error = toPublicError(conflict, prepared({ cell: base, value: '6' }))
    expect(error).toBeInstanceOf(VersionConflictError)
    expect(error).toMatchObject({ code: 'version_conflict', base, baseVersion: 2, mine: '6', theirs: cell() })
    expect(refusedIn(error)).toMatchObject([
      { status: 'conflict', index: 0, base, mine: '6', theirs: cell() },
    ])
    expect(error.message).toBe(
      `Cell ${key} has changed since it was read: the write is based on version 2, it is at 3.`,
    )
    expect(error.hint).toBe('Write `mine` again on top of `theirs`, or let theirs stand.')
    expect(error.cause).toBeDefined()
  })

  it('is one over a cell that is there already', () => {
    const error = toPublicError(conflict, prepared({ cell: address, ifVersion: 0, value: '6' }))
    expect(error).toMatchObject({ base: null, baseVersion: 0 })
    expect(error.message).toBe(`Cell ${key} exists already, at version 3.`)
  })

  it('is one over a cell that is there no more', () => {
    const gone = refused('PT409', { results: [[0, 'conflict', null]] })
    const error = toPublicError(gone, prepared({ cell: base, value: '6' }))
    expect(error).toMatchObject({ theirs: null })
    expect(error.message).toBe(`Cell ${key} does not exist any more.`)
  })

  it('of a call that named no changes tells of the cells that it found', () => {
    const error = toPublicError(conflict)
    expect(error).toMatchObject({ base: null, baseVersion: null, mine: null, theirs: cell() })
    expect(error.message).toBe(
      `Cell ${key} has changed since it was read: the write is based on version any, it is at 3.`,
    )
    const gone = toPublicError(refused('PT409', { results: [[4, 'conflict', null]] }))
    expect(gone.message).toBe('Cell 4 does not exist any more.')
  })
})

describe('a batch that is refused whole', () => {
  it('counts what was refused, names the first of the kind, and lists all', () => {
    const changes = prepared(
      { cell: { ...address, period: '2026' }, ifVersion: 'any', value: '1' },
      { cell: address, ifVersion: 'any', value: '2' },
      { cell: base, value: '3' },
    )
    const failure = refused('PT409', {
      results: [
        [1, 'invalid', 'number', 'Too long.'],
        [2, 'conflict', tuple()],
      ],
    })
    const error = toPublicError(failure, changes)
    expect(refusedIn(error).map(({ index, status }) => [index, status])).toEqual([
      [1, 'invalid'],
      [2, 'conflict'],
    ])
    expect(error).toMatchObject({ mine: '3' })
    expect(error.message).toMatch(/ 2 of 3 changes were refused; nothing has landed\.$/)
  })

  it('counts without a total where the call named no changes', () => {
    const locked = tuple({ isLocked: true, lockReason: 'Approved' })
    const failure = refused('PT423', {
      results: [
        [0, 'locked', locked],
        [1, 'locked', locked],
      ],
    })
    expect(toPublicError(failure).message).toBe(
      `Cell ${key} is locked: Approved. 2 changes were refused; nothing has landed.`,
    )
  })
})

describe('a locked cell', () => {
  it.each([
    ['Approved', `Cell ${key} is locked: Approved.`],
    [null, `Cell ${key} is locked.`],
  ])('is named with its reason (%s)', (lockReason, message) => {
    const failure = refused('PT423', { results: [[0, 'locked', tuple({ isLocked: true, lockReason })]] })
    const error = toPublicError(failure, prepared({ cell: base, value: '6' }))
    expect(error).toBeInstanceOf(CellLockedError)
    expect(error).toMatchObject({ code: 'locked', message, cell: cell({ isLocked: true, lockReason }) })
    expect(error.hint).toBe('Whoever may unlock it has to do so first.')
  })
})

describe('a lost lease', () => {
  it.each([
    [['bob', '2026-11-23T09:00:00+00:00'], `Cell ${key}: the lease is lost; bob is editing it now.`],
    [null, `Cell ${key}: the lease is lost.`],
  ])('is named with who holds it now (%j)', (holder, message) => {
    const failure = refused('PT423', { results: [[0, 'lease_lost', tuple(), holder]] })
    const error = toPublicError(failure, prepared({ cell: base, value: '6' }))
    expect(error).toBeInstanceOf(LeaseLostError)
    expect(error).toMatchObject({ code: 'lease_lost', message, heldBy: holder === null ? null : 'bob' })
  })
})

describe('what may not be, and what is not there', () => {
  it.each([
    ['PT403', ForbiddenError, 'forbidden'],
    ['PT404', NotFoundError, 'not_found'],
  ] as const)('%s keeps the words of the database', (code, type, status) => {
    const error = toPublicError(
      refused(code, { results: [[0, status, 'Why.']] }, 'Because.'),
      prepared({ cell: base, value: '6' }),
    )
    expect(error).toBeInstanceOf(type)
    expect(error).toMatchObject({ code: status, message: 'Because.', hint: 'Think.' })
    expect(refusedIn(error)).toEqual([{ status, index: 0, message: 'Why.' }])
  })

  it('is told without details too, as a host’s own trigger raises it', () => {
    for (const code of ['PT409', 'PT423']) {
      const failure = toFailure({ code, message: 'Not on Sundays.' }, 409, {})
      expect(toPublicError(failure)).toMatchObject({
        code: 'forbidden',
        message: 'Not on Sundays.',
        refused: [],
      })
    }
  })
})

describe('an argument that the database does not accept', () => {
  it('is named as the option that it came from', () => {
    for (const [field, option] of [
      ['p_session_id', 'sessionId'],
      ['p_scope.module', 'module'],
      ['operation_id', 'operationId'],
      ['mentions', 'mentions'],
    ]) {
      const failure = refused('PT422', { field, given: 7, allowed: 'another' })
      expect(toPublicError(failure)).toMatchObject({
        name: 'ValidationError',
        ...{ code: 'invalid', field: option, given: 7, allowed: 'another', hint: 'Think.' },
      })
    }
  })

  it('says what the database said where there is no list of what is allowed', () => {
    const failure = refused('PT422', { field: 'p_reason', given: 7 }, 'A reason is text.')
    expect(toPublicError(failure)).toMatchObject({ field: 'reason', allowed: 'A reason is text.' })
    expect(toPublicError(refused('PT422', {}, 'Not so.'))).toMatchObject({
      ...{ field: 'argument', given: undefined, allowed: 'Not so.', hint: 'Think.' },
    })
  })

  it('is a value of a change where the database found it there', () => {
    const failure = refused('PT422', { results: [[1, 'invalid', 'number', 'Too long.']] })
    const changes = prepared({ cell: base, value: '6' }, { cell: base, value: '7' })
    const error = toPublicError(failure, changes)
    expect(error).toBeInstanceOf(ValidationError)
    expect(error).toMatchObject({ field: 'changes[1].number', given: '7', allowed: 'Too long.' })
  })
})

describe('at the end of a call', () => {
  it('a refusal becomes the public error, and anything else passes', () => {
    const changes = prepared({ cell: base, value: '6' })
    expect(() => rethrow(refused('PT409', { results: [[0, 'conflict', tuple()]] }), changes)).toThrow(
      VersionConflictError,
    )
    expect(() => rethrow(refused('PT404', {}))).toThrow(NotFoundError)
    const ours: CellsError = new TransportError('network', 'gone', 0)
    expect(() => rethrow(ours)).toThrow(ours)
    expect(toPublicError(ours)).toBe(ours)
    const reason = new Error('the user left')
    expect(() => rethrow(reason)).toThrow(reason)
  })
})
