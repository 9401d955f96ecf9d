import { isCellsError, TransportError, ValidationError, type CellsError } from '../errors.ts'
import { cellKey, type ResolvedAddress } from '../model/address.ts'
import { missingCell, type StoredCell } from '../model/cell.ts'
import { newUuid } from '../model/identifier.ts'
import { toPublicError } from '../refusal.ts'
import type { PendingValue } from '../store/facts.ts'
import type { Commit } from '../transport/feed.ts'
import { Refusal, type WriteReply } from '../transport/port.ts'
import { toGone, toRow } from './answered-rows.ts'
import {
  emptyOutbox,
  isPending,
  reopened,
  type NewWrite,
  type Operation,
  type OutboxEffect,
  type OutboxEvent,
  type OutboxState,
  type Write,
} from './outbox-state.ts'
import { outboxTransition } from './outbox-transition.ts'
import type { OutboxPorts, OutboxSink } from './outbox-ports.ts'
import { Waiters } from './waiters.ts'
import { WritePromises, type WritePromise } from './write-promises.ts'
import { conflictError, discarded, mayPass, rejectionError } from './write-errors.ts'

const firstPause = 1_000
const longestPause = 30_000

/** The user's writes on their way to the database: acts for outbox-transition.ts, and decides nothing itself. */
export class Outbox {
  readonly #budgetVersionId: string
  readonly #ports: OutboxPorts
  readonly #sink: OutboxSink
  readonly #promises = new WritePromises()
  readonly #errors = new Map<number, CellsError>()
  readonly #holds = new Set<string>()
  readonly #aborted = new AbortController()
  readonly #waiters = new Waiters()
  #state: OutboxState = emptyOutbox
  #lastId = 0
  /** All ids are from here on. */
  #firstId = 1
  #ticking = false
  /** For each thing that has to come between writes, the newest write before it. */
  #barriers: number[] = []
  #turns: Promise<unknown> = Promise.resolve()
  #failures = 0
  #stopPause: (() => void) | undefined

  constructor(budgetVersionId: string, ports: OutboxPorts, sink: OutboxSink) {
    this.#budgetVersionId = budgetVersionId
    this.#ports = ports
    this.#sink = sink
  }

  get state(): OutboxState {
    return this.#state
  }

  /** Takes up what an earlier page, or another window, left behind. */
  adopt(kept: OutboxState): void {
    const { writes, operations } = reopened(kept, this.#firstId)
    this.#firstId = writes.reduce((least, { id }) => Math.min(least, id), this.#firstId)
    this.#state = {
      writes: [...writes, ...this.#state.writes],
      operations: [...operations, ...this.#state.operations],
    }
    this.#show(new Map(writes.map(({ cell }) => [cellKey(cell), cell])))
    this.#sink.changed()
    this.resume()
  }

  /** Takes writes in; the promise of each tells what became of it. */
  write(writes: readonly Omit<NewWrite, 'id'>[]): WritePromise[] {
    const made = writes.map((write) => ({ ...write, id: ++this.#lastId }))
    const results = made.map(({ id }) => this.#promises.of(id))
    this.#apply({ type: 'write', writes: made, after: this.#barriers.at(-1) })
    return results
  }

  /**
   * A refused write once more, on top of what is there now; one that is on its way, without waiting for its time.
   *
   * @throws {ValidationError} where it is not listed any more.
   */
  again(id: number, value?: PendingValue): WritePromise {
    const write = this.#state.writes.find((other) => other.id === id)
    if (write === undefined) throw new ValidationError('write', id, 'a write that is still listed')
    if (isPending(write)) {
      this.resume()
      return this.#promises.of(id)
    }
    const newId = ++this.#lastId
    const made = this.#promises.of(newId)
    this.#apply({ type: 'again', id, newId, ...(value !== undefined && { value }) })
    return made
  }

  drop(ids: readonly number[]): void {
    this.#apply({ type: 'drop', ids })
  }

  /** Own operations among commits that the feed told. */
  seen(commit: Commit): void {
    const { operationId } = commit
    if (operationId === null || !this.#state.operations.some(({ id }) => id === operationId)) return
    const rows = [
      ...commit.cells.map((row) => ({ key: cellKey(row), row })),
      ...commit.deleted.map((gone) => ({ key: cellKey(gone), row: missingCell(gone) })),
    ]
    this.#apply({ type: 'seen', operationId, rows })
  }

  /** Cells that the user's own undo or redo has moved. */
  moved(rows: Extract<OutboxEvent, { type: 'moved' }>['rows']): void {
    this.#apply({ type: 'moved', rows })
  }

  /** Sends nothing while anybody holds it. */
  hold(reason: string): void {
    this.#holds.add(reason)
    this.#waiters.look()
  }

  release(reason: string): void {
    if (this.#holds.delete(reason) && this.#holds.size === 0) this.resume()
  }

  /**
   * Does something that comes after all the writes made so far, and before all later ones: an undo must not overtake what
   * it undoes.
   */
  async between<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    this.#barriers.push(this.#lastId)
    const turn = this.#turns.then(async () => {
      try {
        await this.flushed(true, signal)
        return await work()
      } finally {
        this.#barriers.shift()
        this.#tick()
      }
    })
    this.#turns = turn.catch(() => undefined)
    return await turn
  }

  /** The server can be reached again: what was not answered is sent again. */
  resume(): void {
    if (this.#holds.size > 0) return
    this.#stopPause?.()
    this.#stopPause = undefined
    this.#apply({ type: 'resume' })
  }

  /** Whether some write was sent, and nobody answered. */
  get isStuck(): boolean {
    return this.#state.writes.some(({ state }) => state === 'retrying')
  }

  /**
   * Resolves once nothing waits or is under way any more: all is settled, refused, or given up for now. Without the network
   * all is given up for now, what was sent and may have landed too, unless it is waited for `evenOffline`.
   */
  async flushed(evenOffline: boolean, signal?: AbortSignal): Promise<void> {
    await this.#waiters.wait(() => !this.#isBusy(evenOffline), signal)
  }

  /** Ends what is under way. What has not been answered may have landed. */
  end(): void {
    this.#holds.add('ended')
    this.#stopPause?.()
    this.#aborted.abort()
    this.#promises.rejectAll(discarded)
  }

  /** The error that a listed write was refused with. */
  errorOf(write: Write): CellsError | null {
    if (write.state === 'conflict') return conflictError(write)
    if (write.rejection === undefined) return this.#errors.get(write.id) ?? null
    return this.#errors.get(write.id) ?? rejectionError(write, write.rejection)
  }

  #apply(event: OutboxEvent): void {
    const effects = this.#step(event)
    for (const effect of effects) this.#act(effect)
    this.#sink.changed()
    this.#tick()
    this.#waiters.look()
  }

  #step(event: OutboxEvent): readonly OutboxEffect[] {
    const { state, effects } = outboxTransition(this.#state, event, {
      newOperationId: newUuid,
      resolve: (write, sides) => this.#sink.resolve(write, sides),
      confirmed: (cell) => this.#sink.confirmed(cell),
    })
    this.#state = state
    for (const effect of effects) if (effect.type === 'show') this.#show(effect.cells)
    return effects
  }

  #show(cells: ReadonlyMap<string, ResolvedAddress>): void {
    const newest = new Map<string, PendingValue>()
    for (const write of this.#state.writes) {
      if (!isPending(write)) continue
      const key = cellKey(write.cell)
      if (cells.has(key)) newest.set(key, write.value)
    }
    this.#sink.overlay([...cells].map(([key, cell]) => [cell, newest.get(key) ?? null]))
  }

  #act(effect: OutboxEffect): void {
    switch (effect.type) {
      case 'show':
        return
      case 'send':
        return void this.#send(effect.operation)
      case 'resume-later':
        this.#pause(effect.after)
        return
      case 'settled': {
        this.#promises.resolve(effect.write, effect.row)
        return
      }
      case 'conflict': {
        const error = conflictError(effect.write)
        this.#promises.reject(effect.write, error)
        this.#sink.conflict(effect.write, effect.theirs, error)
        return
      }
      case 'rejected': {
        const error = this.#errors.get(effect.write.id) ?? rejectionError(effect.write, effect.rejection)
        this.#promises.reject(effect.write, error)
        this.#sink.rejected(effect.write, error)
        return
      }
      case 'dropped':
        this.#errors.delete(effect.write.id)
        this.#promises.reject(effect.write, discarded())
        return
    }
  }

  /** All that is set in one turn of the event loop is looked at together. */
  #tick(): void {
    if (this.#ticking || this.#holds.size > 0) return
    if (!this.#state.writes.some(({ state }) => state === 'waiting')) return
    this.#ticking = true
    queueMicrotask(() => {
      this.#ticking = false
      this.#sendWaiting()
    })
  }

  #sendWaiting(): void {
    if (this.#holds.size > 0) return
    for (const effect of this.#step({ type: 'send', upTo: this.#barriers[0] })) this.#act(effect)
    this.#sink.changed()
  }

  async #send(operation: Operation): Promise<void> {
    const { transport, storage } = this.#ports
    const { signal } = this.#aborted
    const { id, session, items } = operation
    const request = {
      budgetVersionId: this.#budgetVersionId,
      items,
      mode: 'partial',
      changeType: 'manual',
      operationId: id,
      session: session && { id: session.id, ...(session.label !== null && { label: session.label }) },
    } as const
    try {
      await storage.save(this.#state)
      const reply = await transport.writeCells(request, { signal })
      if (signal.aborted) return
      this.#failures = 0
      this.#answered(operation, reply)
    } catch (error) {
      if (!signal.aborted) this.#failed(operation, error)
    }
    if (!signal.aborted) await storage.save(this.#state).catch(() => undefined)
  }

  #answered({ id, items }: Operation, { revision, results }: WriteReply): void {
    const rows = items.map((item, index) => toRow(item, results[index]))
    const cells = rows.filter((row): row is StoredCell => row?.exists === true)
    const deleted = items.flatMap((item, index) => toGone(item, results[index]))
    const conflicts = results.filter(({ status }) => status === 'conflict')
    let effects: readonly OutboxEffect[] = []
    this.#sink.commit(() => {
      this.#sink.confirm({ revision, cells, deleted })
      effects = this.#step({ type: 'answered', operationId: id, results, rows })
    })
    for (const effect of effects) this.#act(effect)
    this.#sendWaiting()
    this.#waiters.look()
    // A part of a divided batch that got no answer.
    if (results.some(({ status }) => status === 'failed') && this.isStuck) this.#pauseAfterFailure()
    if (conflicts.some((result) => 'cell' in result && result.cell === null)) this.#sink.refresh()
  }

  #failed({ id, writes }: Operation, error: unknown): void {
    if (mayPass(error)) {
      this.#apply({ type: 'unanswered', operationId: id })
      this.#pauseAfterFailure()
      return
    }
    const known: CellsError =
      error instanceof Refusal || isCellsError(error)
        ? toPublicError(error)
        : new TransportError('server', 'The write could not be kept or sent.', 0, {
            cause: error,
            retryable: false,
          })
    for (const write of writes) this.#errors.set(write, known)
    const rejection = { status: 'failed', code: known.code, message: known.message } as const
    this.#apply({ type: 'refused', operationId: id, rejection })
  }

  #pauseAfterFailure(): void {
    const { clock } = this.#ports
    this.#pause(Math.min(longestPause, firstPause * 2 ** this.#failures) * (0.5 + clock.random() / 2))
    this.#failures++
  }

  #pause(after: number): void {
    this.#stopPause?.()
    this.#stopPause = this.#ports.clock.after(after, () => this.resume())
  }

  #isBusy(evenOffline: boolean): boolean {
    const upTo = this.#barriers[0] ?? Infinity
    const isHeld = this.#holds.size > 0 && !evenOffline
    if (isHeld) return false
    return this.#state.writes.some(
      ({ id, state }) => id <= upTo && (state === 'sending' || state === 'waiting'),
    )
  }
}
