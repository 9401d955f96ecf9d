import { cellKey, type ResolvedAddress } from '../../../src/model/address.ts'
import { missingCell, writtenCell, type Cell } from '../../../src/model/cell.ts'
import { resolveByName, type PolicyName } from '../../../src/outbox/conflict-policy.ts'
import {
  emptyOutbox,
  isPending,
  type Operation,
  type OutboxEvent,
  type OutboxState,
  type SeenRow,
} from '../../../src/outbox/outbox-state.ts'
import { outboxTransition } from '../../../src/outbox/outbox-transition.ts'
import type { WriteResult } from '../../../src/transport/port.ts'

export const addresses: ResolvedAddress[] = ['a', 'b', 'c'].map((field) => ({
  module: 'm',
  entity: null,
  field,
  period: null,
}))

interface Reply {
  readonly operation: Operation
  readonly results: readonly WriteResult[]
  readonly rows: readonly (Cell | null)[]
}

/** A database, a network and a store, as small as can be, around the pure machine. */
export class OutboxWorld {
  state: OutboxState = emptyOutbox
  readonly server = new Map<string, Cell>()
  readonly confirmed = new Map<string, Cell>()
  /** What became of each write: `settled`, `conflict`, or `replaced` with the write that took its place. */
  readonly outcomes = new Map<number, string>()
  readonly faults: string[] = []
  readonly requests: Operation[] = []
  readonly replies: Reply[] = []
  readonly echoes: { readonly operationId: string; readonly rows: readonly SeenRow[] }[] = []
  /** How often the server took each write in. */
  landed = 0
  readonly #stored = new Map<string, Reply>()
  readonly #policy: PolicyName
  #lastId = 0
  #lastOperation = 0

  constructor(policy: PolicyName) {
    this.#policy = policy
  }

  /** The value that the user sees. */
  visible(place: number): number {
    const key = cellKey(addresses[place]!)
    const newest = this.state.writes.findLast((write) => isPending(write) && cellKey(write.cell) === key)
    if (newest !== undefined) return newest.value === 'deleted' ? 0 : Number(newest.value.number)
    return Number(this.confirmed.get(key)?.value ?? 0)
  }

  set(place: number, value: number, session: string | null = null): number {
    const cell = addresses[place]!
    const write = {
      id: ++this.#lastId,
      cell,
      value: { number: String(value), text: null },
      base: this.#base(cell),
      session: session === null ? null : { id: session, label: null },
      policy: this.#policy,
      origin: 1,
    }
    this.tell({ type: 'write', writes: [write] })
    return write.id
  }

  /** Somebody else's write; he sees what the server has. */
  foreign(place: number, change: (value: number) => number): void {
    const cell = addresses[place]!
    const before = this.server.get(cellKey(cell))
    const row = this.#written(cell, String(change(Number(before?.value ?? 0))), before, 'other')
    this.server.set(cellKey(cell), row)
    this.echoes.push({ operationId: 'theirs', rows: [{ key: cellKey(cell), row }] })
  }

  serve(place: number): void {
    const [operation] = this.requests.splice(place % Math.max(1, this.requests.length), 1)
    if (operation === undefined) return
    let reply = this.#stored.get(operation.id)
    if (reply === undefined) {
      const seen: SeenRow[] = []
      const items = operation.items.map((item): readonly [WriteResult, Cell | null] => {
        const cell = addresses.find((address) => address === item.reference)!
        const key = cellKey(cell)
        const before = this.server.get(key)
        if ((before?.version ?? 0) !== item.base) {
          const theirs = before?.exists === true ? before : null
          return [{ status: 'conflict', cell: theirs }, theirs]
        }
        const row = this.#written(cell, item.value!.number!, before, 'me')
        this.server.set(key, row)
        this.landed++
        seen.push({ key, row })
        return [{ status: 'written', id: key, version: row.version, by: 'me', at: 'now' }, row]
      })
      reply = { operation, results: items.map(([result]) => result), rows: items.map(([, row]) => row) }
      this.#stored.set(operation.id, reply)
      if (seen.length > 0) this.echoes.push({ operationId: operation.id, rows: seen })
    } else if (JSON.stringify(reply.operation.items) !== JSON.stringify(operation.items)) {
      this.faults.push('an operation was sent again with another payload')
    }
    this.replies.push(reply)
  }

  /** The reply comes; or it is lost, and the client gives up. */
  reply(place: number, isLost: boolean): void {
    const [reply] = this.replies.splice(place % Math.max(1, this.replies.length), 1)
    if (reply === undefined) return
    const operationId = reply.operation.id
    if (isLost) {
      this.tell({ type: 'unanswered', operationId })
      return
    }
    for (const row of reply.rows) if (row !== null) this.#confirm(row)
    this.tell({ type: 'answered', operationId, results: reply.results, rows: reply.rows })
  }

  /** The request never arrives. */
  loseRequest(place: number): void {
    const [operation] = this.requests.splice(place % Math.max(1, this.requests.length), 1)
    if (operation !== undefined) this.tell({ type: 'unanswered', operationId: operation.id })
  }

  echo(): void {
    const echo = this.echoes.shift()
    if (echo === undefined) return
    for (const { row } of echo.rows) this.#confirm(row)
    this.tell({ type: 'seen', ...echo })
  }

  calmDown(): void {
    for (let round = 0; round < 50; round++) {
      this.tell({ type: 'resume' })
      this.tell({ type: 'send' })
      while (this.requests.length > 0) this.serve(0)
      while (this.replies.length > 0) this.reply(0, false)
      while (this.echoes.length > 0) this.echo()
    }
  }

  tell(event: OutboxEvent): void {
    const { state, effects } = outboxTransition(this.state, event, {
      newOperationId: () => `operation ${++this.#lastOperation}`,
      resolve: (write, sides) => resolveByName(write.policy, sides),
      confirmed: (cell) => this.#base(cell),
    })
    this.state = state
    for (const effect of effects) {
      if (effect.type === 'send') this.requests.push(effect.operation)
      if (effect.type === 'settled') this.#outcome(effect.write, 'settled')
      if (effect.type === 'conflict') this.#outcome(effect.write, 'conflict')
      if (effect.type === 'rejected') this.faults.push('a write was rejected')
    }
    this.#check()
  }

  #outcome(
    { id, replaces }: { readonly id: number; readonly replaces: readonly number[] },
    what: string,
  ): void {
    for (const one of [id, ...replaces]) {
      if (this.outcomes.has(one)) this.faults.push(`write ${one} was told twice`)
      this.outcomes.set(one, what)
    }
  }

  #check(): void {
    const busy = this.state.writes.filter(({ state }) => state === 'sending' || state === 'retrying')
    const cells = busy.map(({ cell }) => cellKey(cell))
    if (new Set(cells).size !== cells.length) this.faults.push('two writes to a cell under way')
    if (JSON.stringify(JSON.parse(JSON.stringify(this.state))) !== JSON.stringify(this.state)) {
      this.faults.push('the state is no plain JSON')
    }
  }

  #base(cell: ResolvedAddress): Cell {
    return this.confirmed.get(cellKey(cell)) ?? missingCell(cell)
  }

  #confirm(row: Cell): void {
    const key = cellKey(row)
    if ((this.confirmed.get(key)?.version ?? 0) < row.version) this.confirmed.set(key, row)
  }

  #written(cell: ResolvedAddress, number: string, before: Cell | undefined, by: string): Cell {
    const version = (before?.version ?? 0) + 1
    return writtenCell(cell, { number, text: null }, { id: cellKey(cell), version, by, at: 'now' }, 'input')
  }
}
