import { describe, expect, it } from 'vitest'
import { missingCell, writtenCell, type Cell } from '../../src/model/cell.ts'
import { resolveByName, shows, type PolicyName } from '../../src/outbox/conflict-policy.ts'
import {
  emptyOutbox,
  reopened,
  type NewWrite,
  type OutboxEvent,
  type OutboxState,
  type OutboxStep,
} from '../../src/outbox/outbox-state.ts'
import { outboxTransition } from '../../src/outbox/outbox-transition.ts'

const address = (field = 'a') => ({ module: 'm', entity: null, field, period: null })
const row = (value: string | null, version: number, field = 'a') =>
  writtenCell(
    address(field),
    { number: value, text: null },
    { id: field, version, by: null, at: '' },
    'input',
  )
const number = (value: string) => ({ number: value, text: null })

/** A machine with what it is told, and a store of what is confirmed. */
function machine(policy: PolicyName = 'reject') {
  let state: OutboxState = emptyOutbox
  let lastId = 0
  let lastOperation = 0
  const confirmed = new Map<string, Cell>()
  const tell = (event: OutboxEvent): OutboxStep => {
    const step = outboxTransition(state, event, {
      newOperationId: () => `operation-${++lastOperation}`,
      resolve: (write, sides) => resolveByName(write.policy, sides),
      confirmed: (cell) => confirmed.get(cell.field) ?? missingCell(cell),
    })
    state = step.state
    return step
  }
  return {
    tell,
    confirmed,
    get state() {
      return state
    },
    set: (value: string, given: Partial<NewWrite> = {}) => {
      const cell = address(given.cell?.field)
      const write: NewWrite = {
        id: ++lastId,
        cell,
        value: number(value),
        base: confirmed.get(cell.field) ?? missingCell(cell),
        session: null,
        policy,
        origin: 1,
        ...given,
      }
      return tell({ type: 'write', writes: [write] })
    },
    send: () => {
      const { effects } = tell({ type: 'send' })
      return effects.flatMap((effect) => (effect.type === 'send' ? [effect.operation] : []))
    },
  }
}
type Machine = ReturnType<typeof machine>
const states = ({ state }: Machine) => state.writes.map((write) => write.state)
const answer = (
  outbox: Machine,
  operationId: string,
  result: Extract<OutboxEvent, { type: 'answered' }>['results'][number],
  theirs: Cell | null = null,
) => outbox.tell({ type: 'answered', operationId, results: [result], rows: [theirs] })

describe('writes that wait', () => {
  it('are sent in as many calls as there are sessions, and writes without one', () => {
    const outbox = machine()
    for (const field of ['a', 'b']) outbox.set('1', { cell: address(field) })
    for (const field of ['c', 'd']) {
      outbox.set('1', { cell: address(field), session: { id: 's', label: 'Paste' } })
    }
    expect(outbox.send().map(({ items, session }) => [items.length, session?.id])).toEqual([
      [1, undefined],
      [1, undefined],
      [2, 's'],
    ])
  })

  it('are replaced by later ones of the same step only', () => {
    const outbox = machine()
    outbox.set('1')
    outbox.set('2')
    outbox.set('3', { session: { id: 's', label: null } })
    expect(outbox.state.writes.map(({ id, replaces }) => [id, replaces])).toEqual([
      [2, [1]],
      [3, []],
    ])
  })

  it('are at most six calls at a time', () => {
    const outbox = machine()
    for (let field = 0; field < 10; field++) outbox.set('1', { cell: address(String(field)) })
    expect(outbox.send()).toHaveLength(6)
    expect(outbox.send()).toHaveLength(0)
    answer(outbox, 'operation-1', { status: 'unchanged', cell: null })
    expect(outbox.send()).toHaveLength(1)
  })

  it('after a barrier are neither sent nor put in the place of those before it', () => {
    const outbox = machine()
    outbox.set('1')
    outbox.tell({
      type: 'write',
      after: 1,
      writes: [{ ...outbox.state.writes[0]!, id: 2, value: number('2') }],
    })
    const { effects } = outbox.tell({ type: 'send', upTo: 1 })
    expect(effects.filter(({ type }) => type === 'send')).toHaveLength(1)
    expect(states(outbox)).toEqual(['sending', 'waiting'])
  })
})

describe('an answer', () => {
  it('that refuses a write lists it, unless the user has typed over it', () => {
    const outbox = machine()
    outbox.set('1')
    outbox.send()
    answer(outbox, 'operation-1', { status: 'forbidden', message: 'no' })
    expect(outbox.state.writes).toMatchObject([{ state: 'rejected', rejection: { message: 'no' } }])
    outbox.set('2')
    expect(states(outbox)).toEqual(['waiting'])
    outbox.send()
    outbox.set('3')
    const { effects } = answer(outbox, 'operation-2', { status: 'invalid', field: 'value', message: 'no' })
    expect(effects.map(({ type }) => type)).toContain('rejected')
    expect(outbox.state.writes).toMatchObject([{ state: 'waiting', value: number('3') }])
  })

  it('to one part of a divided batch leaves the others to be sent again, or refuses them', () => {
    const outbox = machine()
    const session = { id: 's', label: null }
    for (const field of ['a', 'b']) outbox.set('1', { cell: address(field), session })
    outbox.send()
    const failure = (retryable: boolean) => ({ code: 'timeout', message: 'late', retryable }) as never
    outbox.tell({
      type: 'answered',
      operationId: 'operation-1',
      results: [
        { status: 'failed', error: failure(true) },
        { status: 'failed', error: failure(false) },
      ],
      rows: [null, null],
    })
    expect(states(outbox)).toEqual(['retrying', 'rejected'])
    outbox.tell({ type: 'resume' })
    expect(states(outbox)).toEqual(['waiting', 'rejected'])
  })

  it('to an operation that nobody knows any more changes nothing', () => {
    const outbox = machine()
    outbox.set('1')
    const before = outbox.state
    answer(outbox, 'unknown', { status: 'unchanged', cell: null })
    expect(outbox.state).toEqual(before)
  })

  it('that refuses the whole operation lists all of it', () => {
    const outbox = machine()
    outbox.set('1')
    outbox.send()
    const rejection = { status: 'failed', code: 'not_found', message: 'gone' } as const
    outbox.tell({ type: 'refused', operationId: 'operation-1', rejection })
    expect(outbox.state).toMatchObject({ writes: [{ state: 'rejected', rejection }], operations: [] })
  })
})

describe('a conflict', () => {
  it('with nothing newer than the user saw is sent again: the database did not see yet what he saw', () => {
    const outbox = machine()
    outbox.confirmed.set('a', row('5', 3))
    outbox.set('6')
    outbox.send()
    const { effects } = answer(outbox, 'operation-1', { status: 'conflict', cell: row('5', 3) }, row('5', 3))
    expect(effects).toContainEqual({ type: 'resume-later', after: 20 })
    outbox.tell({ type: 'resume' })
    expect(outbox.state.writes).toMatchObject([{ state: 'waiting', base: { version: 3 } }])
  })

  it('with nothing newer, again and again, is taken at its word', () => {
    const outbox = machine()
    outbox.confirmed.set('a', row('5', 3))
    outbox.set('6')
    for (let call = 1; call <= 4; call++) {
      outbox.tell({ type: 'resume' })
      outbox.send()
      answer(outbox, `operation-${call}`, { status: 'conflict', cell: null })
    }
    expect(outbox.state.writes).toMatchObject([{ state: 'conflict', theirs: { exists: false } }])
  })

  it('takes what waits behind the write with it', () => {
    const outbox = machine()
    outbox.confirmed.set('a', row('5', 3))
    outbox.set('6')
    outbox.send()
    outbox.set('7')
    outbox.confirmed.set('a', row('9', 4))
    const { effects } = answer(outbox, 'operation-1', { status: 'conflict', cell: row('9', 4) }, row('9', 4))
    expect(outbox.state.writes).toMatchObject([
      { id: 2, state: 'conflict', replaces: [1], base: { version: 3 } },
    ])
    expect(effects.filter(({ type }) => type === 'conflict')).toHaveLength(1)
  })

  it('is settled by a policy five times, and then by the user', () => {
    const outbox = machine('lastWrite')
    for (let call = 1; call <= 6; call++) {
      if (call === 1) outbox.set('1')
      expect(outbox.send()).toHaveLength(1)
      const theirs = row(String(call + 100), call)
      outbox.confirmed.set('a', theirs)
      answer(outbox, `operation-${call}`, { status: 'conflict', cell: theirs }, theirs)
    }
    expect(states(outbox)).toEqual(['conflict'])
    outbox.tell({ type: 'again', id: 1, newId: 2, value: number('3') })
    expect(outbox.state.writes).toMatchObject([
      { id: 2, state: 'waiting', value: number('3'), base: { version: 6 } },
    ])
  })

  it('is none where a deletion meets a deletion', () => {
    const outbox = machine()
    outbox.confirmed.set('a', row('5', 3))
    outbox.set('', { value: 'deleted' })
    outbox.send()
    outbox.confirmed.delete('a')
    const { effects } = answer(outbox, 'operation-1', { status: 'conflict', cell: null })
    expect(effects.map(({ type }) => type)).toContain('settled')
    expect(outbox.state.writes).toEqual([])
  })
})

describe('what is given up', () => {
  it('is not sent, not even with the operation that carries it', () => {
    const outbox = machine()
    const session = { id: 's', label: null }
    for (const field of ['a', 'b']) outbox.set('1', { cell: address(field), session })
    outbox.send()
    outbox.tell({ type: 'drop', ids: [1] })
    expect(states(outbox)).toEqual(['sending', 'sending']) // it cannot be called back
    outbox.tell({ type: 'unanswered', operationId: 'operation-1' })
    outbox.tell({ type: 'drop', ids: [1] })
    expect(outbox.state).toMatchObject({
      writes: [{ id: 2, state: 'retrying', operationId: null }],
      operations: [],
    })
    outbox.tell({ type: 'resume' })
    expect(outbox.send().map(({ items }) => items.length)).toEqual([1])
  })

  it('and was not on its way is gone at once', () => {
    const outbox = machine()
    outbox.set('1')
    const { effects } = outbox.tell({ type: 'drop', ids: [1, 99] })
    expect(effects.map(({ type }) => type)).toEqual(['show', 'dropped'])
    outbox.tell({ type: 'again', id: 1, newId: 2 })
    expect(outbox.state.writes).toEqual([])
  })
})

describe('an outbox that outlives its page', () => {
  it('sends what was under way again, under the same operation', () => {
    const outbox = machine()
    outbox.set('1')
    const [sent] = outbox.send()
    const kept = reopened(JSON.parse(JSON.stringify(outbox.state)) as OutboxState, 1)
    expect(kept).toMatchObject({
      writes: [{ id: 0, state: 'retrying' }],
      operations: [{ isSending: false, writes: [0] }],
    })
    const { effects } = outboxTransition(
      kept,
      { type: 'resume' },
      { newOperationId: () => 'new', resolve: () => ({ type: 'reject' }), confirmed: missingCell },
    )
    expect(effects).toContainEqual({ type: 'send', operation: { ...sent, writes: [0] } })
  })
})

describe('own undo', () => {
  it('rebases what was typed over the row as it was before, and nothing else', () => {
    const outbox = machine()
    outbox.confirmed.set('a', row('2', 2))
    outbox.set('3')
    outbox.set('1', { cell: address('b'), base: row('8', 7, 'b') })
    outbox.tell({
      type: 'moved',
      rows: [
        { key: '["m",null,"a",null]', row: row('1', 3), version: 3 },
        { key: '["m",null,"b",null]', row: row('9', 9, 'b'), version: 9 },
      ],
    })
    expect(outbox.state.writes.map(({ base }) => base.version)).toEqual([3, 7])
  })
})

describe('increments', () => {
  const sides = (base: Cell, mine: string, theirs: Cell) => ({ base, mine: number(mine), theirs })

  it.each([
    ['10', '10.0001', '15', '15.0001'],
    ['10', '7.5', '15', '12.5'],
    ['0.1', '0.3', '-0.2', '0'],
    [null, '4', '3', '7'],
    ['99999999999999.9999', '99999999999999.9998', '1', '0.9999'],
  ])('from %s to %s over %s make %s', (base, mine, theirs, sum) => {
    expect(resolveByName('increment', sides(row(base, 1), mine, row(theirs, 2)))).toEqual({
      type: 'write',
      value: number(sum),
    })
  })

  it('are refused where there is nothing to add, or too much', () => {
    const text = writtenCell(
      address(),
      { number: null, text: 'x' },
      { id: 'a', version: 2, by: null, at: '' },
      'input',
    )
    const refused = { type: 'reject' }
    expect(resolveByName('increment', sides(row('1', 1), '2', text))).toEqual(refused)
    expect(resolveByName('increment', sides(text, '2', row('1', 1)))).toEqual(refused)
    expect(resolveByName('increment', sides(row('0', 1), '1', row('99999999999999.9999', 2)))).toEqual(
      refused,
    )
    expect(resolveByName('increment', { ...sides(row('0', 1), '1', row('1', 2)), mine: 'deleted' })).toEqual(
      refused,
    )
  })

  it('of text and emptiness compare as they show', () => {
    const text = writtenCell(
      address(),
      { number: null, text: 'x' },
      { id: 'a', version: 2, by: null, at: '' },
      'input',
    )
    expect(shows(text, { number: null, text: 'x' })).toBe(true)
    expect(shows(text, { number: null, text: null })).toBe(false)
    expect(shows(row(null, 1), { number: null, text: null })).toBe(true)
  })
})
