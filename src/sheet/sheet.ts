import { EventEmitter } from 'eventemitter3'
import type { SheetLeases } from '../editing/sheet-leases.ts'
import { ValidationError } from '../errors.ts'
import type { RedoResult, UndoResult } from '../history/step.ts'
import type { TurnOptions } from '../history/steps.ts'
import type { AcquireOptions } from '../leases/acquire-options.ts'
import type { Lease } from '../leases/lease.ts'
import { cellKey, resolveAddress, type CellAddress, type ResolvedAddress } from '../model/address.ts'
import type { Cell } from '../model/cell.ts'
import { newUuid } from '../model/identifier.ts'
import type { LeaseLostError } from '../model/refusals.ts'
import { toStoredValue, type CellInput } from '../model/value.ts'
import { isPending, type NewWrite, type Write, type WriteSession } from '../outbox/outbox-state.ts'
import { toInput } from '../outbox/outbox.ts'
import type { StorageStatus } from '../outbox/persistent-storage.ts'
import type { SheetPresence } from '../presence/presence.ts'
import type { CellSelection, ExternalStore, PendingValue, VisibleCell } from '../store/facts.ts'
import type { Scope } from '../sync/scope.ts'
import { isCaughtUp } from '../sync/sync-state.ts'
import { statusOf } from '../sync/sync-status.ts'
import type { CellFilter } from '../transport/port.ts'
import { CellEdit } from './cell-edit.ts'
import { externalValue, type ExternalValue } from './external-value.ts'
import { closedError, toConflict, type LiveBudget, type Member } from './live-budget.ts'
import type { SheetEvents } from './sheet-events.ts'
import { intersection } from './selection.ts'
import type {
  BatchHandle,
  Choice,
  CloseOptions,
  CloseResult,
  ConflictPolicy,
  OpenOptions,
  PendingWrite,
  SheetChange,
  SheetStatus,
  WriteHandle,
} from './sheet-types.ts'

/** Writes that are one step for undo. Made by {@link Sheet.session}. */
export type SheetSession = Pick<Sheet, 'set' | 'setMany' | 'delete'>

/**
 * Cells of a budget, live: what the database confirmed, as it happens, with the user's own writes over it at once. Made by
 * {@link Budget.open}. All sheets of a budget share one stream and one store.
 *
 * @example
 * ```ts
 * import type { Sheet } from '@efir/cells'
 *
 * async function edit(sheet: Sheet, show: (value: string | null) => void) {
 *   await sheet.ready()
 *   const cell = { module: 'revenue', field: 'growth', period: '2026' }
 *   const stop = sheet.subscribe(cell, ({ value }) => show(value))
 *   sheet.on('conflict', ({ resolve }) => void resolve('theirs'))
 *   await sheet.set(cell, '0.045').result
 *   stop()
 * }
 * void edit
 * ```
 */
export class Sheet {
  readonly budgetVersionId: string
  /** How the sheet is doing, as an external store. */
  readonly status: ExternalStore<SheetStatus>
  /** The writes of this sheet that are not confirmed, the oldest first, as an external store. */
  readonly pending: ExternalStore<readonly PendingWrite[]>
  /** Whether writes outlive the page, as an external store. */
  readonly storage: ExternalStore<StorageStatus>
  /** Who has the budget open, and on which cell, as an external store. The same for all sheets of the budget. */
  readonly presence: SheetPresence
  readonly #live: LiveBudget
  readonly #selection: CellSelection
  readonly #scope: Scope
  readonly #events = new EventEmitter<keyof SheetEvents>()
  readonly #member: Member
  readonly #policy: ConflictPolicy
  readonly #status: ExternalValue<SheetStatus>
  readonly #pending: ExternalValue<readonly PendingWrite[]>
  readonly #storage: ExternalValue<StorageStatus>
  /** The views of writes, so that the same write is the same object. */
  readonly #views = new WeakMap<Write, PendingWrite>()
  readonly #waiters = new Set<() => void>()
  readonly #edits = new Set<CellEdit>()
  readonly #ended = new AbortController()
  readonly #leaveCompany: (() => void) | undefined
  readonly #onProgress: OpenOptions['onProgress']
  #listed = 0
  #isClosed = false
  #closing: Promise<CloseResult> | undefined

  /** @internal */
  constructor(live: LiveBudget, selection: CellSelection, options: OpenOptions) {
    this.budgetVersionId = live.id
    this.presence = live.presence
    this.#leaveCompany = options.presence && live.presence.enter(options.presence)
    this.#live = live
    this.#selection = selection
    this.#policy = options.onConflict ?? 'reject'
    this.#onProgress = options.onProgress
    this.#status = externalValue<SheetStatus>(
      Object.freeze({ state: 'connecting', pendingWrites: 0, refusedWrites: 0, error: null }),
      sameStatus,
      live.report,
    )
    this.#pending = externalValue<readonly PendingWrite[]>(Object.freeze([]), sameItems, live.report)
    this.#storage = externalValue(live.storage, (one, other) => one === other, live.report)
    this.storage = readOnly(this.#storage)
    this.status = readOnly(this.#status)
    this.pending = readOnly(this.#pending)
    this.#member = {
      origin: live.nextOrigin(),
      onConflict: this.#policy,
      changed: () => this.#changed(),
      conflict: (write, theirs, error) =>
        this.#emit('conflict', {
          ...toConflict(write, theirs),
          write: this.#view(write),
          error,
          resolve: (choice) => this.#settle(write, choice),
        }),
      rejected: (write, error) => this.#emit('rejected', { write: this.#view(write), error }),
      healed: (from, to) => this.#emit('gap-healed', { from, to }),
      commented: (cells) => this.#emit('comments', { cells }),
      stored: () => this.#storage.set(live.storage),
    }
    this.#status.subscribe(() => this.#emit('status', this.#status.getSnapshot()))
    this.#storage.subscribe(() => this.#emit('storage', this.#storage.getSnapshot()))
    live.attach(this.#member)
    this.#scope = live.engine.want(selection)
    options.signal?.addEventListener('abort', () => void this.close({ pending: 'discard' }), { once: true })
    if (options.signal?.aborted === true) void this.close({ pending: 'discard' })
    this.#changed()
  }

  /**
   * Resolves when every cell of the sheet is loaded and nothing is missed: the stream is joined, and a read that was begun
   * after that has been taken in; or, where the stream cannot be had, the budget was read and is looked at from
   * time to time (status `polling`).
   *
   * @throws {NotFoundError} where the budget is not the caller's to see.
   * @throws {ForbiddenError} {@link NotInstalledError} where it cannot be read at all.
   */
  async ready({ signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    signal?.throwIfAborted()
    await new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if (this.#isReady()) end(resolve)
        else if (this.#live.isRefused) end(() => reject(this.#live.error ?? closedError()))
        else if (this.#isClosed) end(() => reject(closedError()))
      }
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the reason is the caller's own
      const onAbort = () => end(() => reject(signal?.reason))
      const end = (settle: () => void): void => {
        this.#waiters.delete(look)
        signal?.removeEventListener('abort', onAbort)
        settle()
      }
      signal?.addEventListener('abort', onAbort)
      this.#waiters.add(look)
      look()
    })
  }

  /**
   * The cell as it is to be shown: the newest own write over what the database confirmed. The same frozen object until its
   * content changes.
   *
   * @throws {ValidationError} where it is not an address, or outside the sheet's filter.
   */
  get(cell: CellAddress): VisibleCell {
    return this.#live.store.get(this.#address(cell))
  }

  /**
   * One cell as an external store, for `useSyncExternalStore` and its like.
   *
   * @throws {ValidationError} where it is not an address, or outside the sheet's filter.
   */
  cell(cell: CellAddress): ExternalStore<VisibleCell> {
    return this.#live.store.cell(this.#address(cell))
  }

  /**
   * The cells that the sheet and the filter both name, in the order of their addresses, as an external store. The snapshot
   * is the same frozen array until a cell in it changes, comes or goes.
   *
   * @throws {ValidationError} where the filter names anything but modules, entities, fields and periods.
   * @example
   * ```ts
   * import type { Sheet } from '@efir/cells'
   *
   * function showYear(sheet: Sheet, render: (values: (string | null)[]) => void) {
   *   const year = sheet.range({ field: 'posts', period: ['2025', '2026'] })
   *   return year.subscribe(() => render(year.getSnapshot().map(({ value }) => value)))
   * }
   * void showYear
   * ```
   */
  range(filter: SheetFilter = {}): ExternalStore<readonly VisibleCell[]> {
    return this.#live.store.range(intersection(this.#selection, filter))
  }

  /**
   * Calls `listener` once after every commit that changed the cell. Returns what ends it.
   *
   * @throws {ValidationError} where it is not an address, or outside the sheet's filter.
   */
  subscribe(cell: CellAddress, listener: (cell: VisibleCell) => void): () => void {
    return this.#live.store.subscribe(this.#address(cell), listener)
  }

  /** Calls `listener` with the cells that changed, once after every commit; `{}` is the whole sheet. */
  subscribeRange(filter: SheetFilter, listener: (changed: readonly VisibleCell[]) => void): () => void {
    return this.#live.store.subscribeRange(intersection(this.#selection, filter), listener)
  }

  /**
   * Writes a value: shown at once, sent with the turn of the event loop. The write is based on the cell as the sheet
   * shows it; where somebody else is faster, the sheet's policy decides.
   *
   * @throws {ValidationError} where address or value is not acceptable, or the sheet is closed.
   */
  set(cell: CellAddress, value: CellInput): WriteHandle {
    return this.#writeOne({ cell, value }, null)
  }

  /** Deletes a cell. In all else like {@link Sheet.set}. */
  delete(cell: CellAddress): WriteHandle {
    return this.#writeOne({ cell, delete: true }, null)
  }

  /**
   * Writes many values, each by itself, as one step for undo.
   *
   * @param changes of different cells.
   * @param label what a person would call the step.
   * @throws {ValidationError} naming the change that is not acceptable; nothing is written then.
   * @example
   * ```ts
   * import type { Sheet } from '@efir/cells'
   *
   * async function paste(sheet: Sheet, values: Map<string, string>) {
   *   const changes = [...values].map(([period, value]) => ({ cell: { module: 'staff', field: 'posts', period }, value }))
   *   await sheet.setMany(changes, 'Paste').result
   * }
   * void paste
   * ```
   */
  setMany(changes: readonly SheetChange[], label: string | null = null): BatchHandle {
    return this.#writeMany(changes, { id: newUuid(), label })
  }

  /**
   * Runs `work` with a session: what is written through it is one step for undo. It groups and is no transaction. Returns what
   * `work` returns.
   */
  session<Result>(label: string, work: (session: SheetSession) => Result): Result {
    const session = { id: newUuid(), label }
    return work({
      set: (cell, value) => this.#writeOne({ cell, value }, session),
      delete: (cell) => this.#writeOne({ cell, delete: true }, session),
      setMany: (changes) => this.#writeMany(changes, session),
    })
  }

  /** Who is editing which cell of the budget, as it happens, as an external store. Followed from the first time that it is asked for. */
  get leases(): SheetLeases {
    this.#live.leases.follow()
    return this.#live.leases
  }

  /**
   * Begins to edit a cell: acquires its lease, waiting while somebody else holds it, unless told otherwise; says `editing`
   * where the sheet was opened with `presence`. What is written through the edit lands under the lease.
   *
   * @throws {CellLockedError} where the cell is locked.
   * @throws {ForbiddenError} where the caller is no member of the organisation, but a program.
   * @throws {TransportError} where the `timeout` is over, or no answer came.
   * @throws {ValidationError} where the address is not acceptable or outside the sheet's filter, an option is not acceptable,
   * or the sheet is closed.
   * @example
   * ```ts
   * import type { CellAddress, Sheet } from '@efir/cells'
   *
   * async function type(sheet: Sheet, cell: CellAddress, ask: (lost: AbortSignal) => Promise<string>) {
   *   await using edit = await sheet.edit(cell, { ifAvailable: true })
   *   if (edit === null) return `Being edited by ${sheet.leases.at(cell)?.heldBy ?? 'somebody else'}.`
   *   edit.set(await ask(edit.signal))
   *   return (await edit.commit()).value
   * }
   * void type
   * ```
   */
  async edit(
    cell: CellAddress,
    options?: AcquireOptions & { readonly ifAvailable?: false | undefined },
  ): Promise<CellEdit>
  async edit(cell: CellAddress, options: AcquireOptions): Promise<CellEdit | null>
  async edit(cell: CellAddress, { signal, ...options }: AcquireOptions = {}): Promise<CellEdit | null> {
    if (this.#isClosed) throw closedError()
    const address = this.#address(cell)
    const stop = new AbortController()
    const onAbort = (): void => stop.abort(signal?.aborted === true ? signal.reason : closedError())
    const signals = [this.#ended.signal, ...(signal === undefined ? [] : [signal])]
    for (const one of signals) one.addEventListener('abort', onAbort)
    if (signals.some(({ aborted }) => aborted)) onAbort()
    try {
      const begun = await this.#live.edit(address, { ...options, signal: stop.signal })
      return begun && this.#begin(address, begun)
    } finally {
      for (const one of signals) one.removeEventListener('abort', onAbort)
    }
  }

  /**
   * Takes back the newest step of the signed-in user, once all that was written before is answered. What is written
   * meanwhile comes after it. In all else like {@link Budget.undo}.
   *
   * @throws {TransportError} where own writes have not been answered: nothing was done.
   * @throws {ForbiddenError} for a service key, which has no steps.
   */
  async undo(options: TurnOptions = {}): Promise<UndoResult> {
    if (this.#isClosed) throw closedError()
    return await this.#live.turn('undo', options)
  }

  /** Brings back the step that was undone last. In all else like {@link Sheet.undo}. */
  async redo(options: TurnOptions = {}): Promise<RedoResult> {
    if (this.#isClosed) throw closedError()
    return await this.#live.turn('redo', options)
  }

  /** Listens to an event. Returns what ends it. */
  on<Name extends keyof SheetEvents>(name: Name, listener: SheetEvents[Name]): () => void {
    const guarded = (event: Parameters<SheetEvents[Name]>[0]): void => {
      try {
        ;(listener as (told: typeof event) => void)(event)
      } catch (error) {
        this.#live.report(error)
      }
    }
    this.#events.on(name, guarded)
    return () => this.#events.off(name, guarded)
  }

  /**
   * Ends the sheet. The last sheet of a budget leaves the stream. Tells which writes are not confirmed: they are given up, or,
   * with `persist`, kept for the next time unless they are discarded.
   */
  async close(options: CloseOptions = {}): Promise<CloseResult> {
    this.#closing ??= this.#close(options)
    return await this.#closing
  }

  /** What `await using` calls at the end of a block: {@link Sheet.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #close({ pending = 'flush', signal }: CloseOptions): Promise<CloseResult> {
    const { outbox } = this.#live
    this.#isClosed = true
    this.#ended.abort()
    if (pending === 'flush') await outbox.flushed(false, signal).catch(() => undefined)
    const { origin } = this.#member
    const writes = outbox.state.writes.filter((write) => write.origin === origin)
    const unsettled = Object.freeze(writes.map((write) => this.#view(write)))
    const isKept = pending === 'flush' && this.#live.storage.kind === 'persistent'
    if (!isKept) outbox.drop(writes.map(({ id }) => id))
    // Each when its own writes are answered. What the network does not carry now is not waited for: such a lease lapses.
    const ended = Promise.allSettled([...this.#edits].map((edit) => edit.commit()))
    if (this.#live.engine.state.online && unsettled.length === 0) await ended
    this.#leaveCompany?.()
    this.#live.detach(this.#member)
    this.#changed()
    this.#events.removeAllListeners()
    return { unsettled }
  }

  #isReady(): boolean {
    return !this.#isClosed && this.#scope.isLoaded && isCaughtUp(this.#live.engine.state)
  }

  #address(cell: CellAddress, field = 'cell'): ResolvedAddress {
    const address = resolveAddress(cell, field)
    if (!this.#scope.includes(address)) {
      throw new ValidationError(field, cellKey(address), 'a cell that the filter of the sheet names')
    }
    return address
  }

  #begin(
    cell: ResolvedAddress,
    { lease, end }: { readonly lease: Lease; readonly end: () => void },
  ): CellEdit {
    const edit: CellEdit = new CellEdit({
      lease,
      confirmed: () => this.#live.store.get(cell).base,
      write: (change) => this.#writeOne({ cell, ...change }, null, lease.token),
      drop: (ids) => this.#live.outbox.drop(ids),
      ended: () => {
        end()
        if (this.#edits.delete(edit) && lease.signal.aborted) {
          this.#emit('edit-lost', { edit, error: lease.signal.reason as LeaseLostError })
        }
      },
    })
    this.#edits.add(edit)
    return edit
  }

  #writeOne(change: SheetChange, session: WriteSession | null, lease?: number): WriteHandle {
    const [handle] = this.#write([{ ...this.#prepare(change, '', session), lease }])
    if (handle === undefined) throw closedError()
    return handle
  }

  #writeMany(changes: readonly SheetChange[], session: WriteSession): BatchHandle {
    if (!Array.isArray(changes)) throw new ValidationError('changes', changes, 'an array of changes')
    const seen = new Set<string>()
    const prepared = changes.map((change: SheetChange, index) => {
      const write = this.#prepare(change, `changes[${index}].`, session)
      const key = cellKey(write.cell)
      if (seen.has(key)) throw new ValidationError(`changes[${index}].cell`, key, 'each cell once')
      seen.add(key)
      return write
    })
    const writes = this.#write(prepared)
    const result = Promise.allSettled(writes.map((write) => write.result)).then((outcomes) =>
      outcomes.map((outcome): Cell => {
        if (outcome.status === 'rejected') throw outcome.reason
        return outcome.value
      }),
    )
    result.catch(() => undefined)
    return { writes, result }
  }

  #prepare(change: SheetChange, path: string, session: WriteSession | null): Omit<NewWrite, 'id'> {
    if (this.#isClosed) throw closedError()
    const cell = this.#address(change.cell, `${path}cell`)
    const value: PendingValue =
      change.delete === true ? 'deleted' : toStoredValue(change.value, `${path}value`)
    const { base } = this.#live.store.get(cell)
    const policy = typeof this.#policy === 'function' ? 'custom' : this.#policy
    return { cell, value, base, session, policy, origin: this.#member.origin }
  }

  #write(writes: readonly Omit<NewWrite, 'id'>[]): WriteHandle[] {
    const made = this.#live.outbox.write(writes)
    return made.map(({ id, result }, index) => {
      const cell = writes[index]?.cell
      if (cell === undefined) throw closedError()
      return { id, result, local: this.#live.store.get(cell) }
    })
  }

  #writes(): Write[] {
    // The first call comes while the scope is being asked for.
    const includes = (this.#scope as Scope | undefined)?.includes ?? (() => false)
    return this.#live.outbox.state.writes.filter(
      (write) => write.origin === this.#member.origin || (this.#live.isOrphan(write) && includes(write.cell)),
    )
  }

  #view(write: Write): PendingWrite {
    let view = this.#views.get(write)
    if (view === undefined) {
      const { id, cell, value, state, base, theirs } = write
      view = Object.freeze({
        id,
        cell,
        value: toInput(value),
        isDeletion: value === 'deleted',
        state,
        base,
        theirs: theirs ?? null,
        error: this.#live.outbox.errorOf(write),
        retry: () => this.#again(write),
        discard: () => this.#live.outbox.drop([id]),
      })
      this.#views.set(write, view)
    }
    return view
  }

  #again(write: Write, value?: PendingValue): WriteHandle {
    if (this.#isClosed) throw closedError()
    const { id, result } = this.#live.outbox.again(write.id, value)
    return { id, result, local: this.#live.store.get(write.cell) }
  }

  #settle(write: Write, choice: Choice<'mine' | 'theirs'>): WriteHandle | undefined {
    if (choice === 'mine') return this.#again(write)
    if (choice !== 'theirs') return this.#again(write, toStoredValue(choice, 'choice'))
    this.#live.outbox.drop([write.id])
    return undefined
  }

  /** Something changed in the stream, the reads or the outbox. */
  #changed(): void {
    const { engine, error } = this.#live
    const writes = this.#writes()
    const pendingWrites = writes.filter(isPending).length
    this.#pending.set(Object.freeze(writes.map((write) => this.#view(write))))
    this.#status.set(
      Object.freeze({
        state: this.#isClosed ? 'closed' : statusOf(engine.state),
        pendingWrites,
        refusedWrites: writes.length - pendingWrites,
        error,
      }),
    )
    this.#progress()
    for (const look of [...this.#waiters]) look()
  }

  #progress(): void {
    // The first call comes while the scope is being asked for.
    const listed = (this.#scope as Scope | undefined)?.listed ?? 0
    if (listed === this.#listed) return
    this.#listed = listed
    try {
      this.#onProgress?.(listed)
    } catch (error) {
      this.#live.report(error)
    }
  }

  #emit<Name extends keyof SheetEvents>(name: Name, event: Parameters<SheetEvents[Name]>[0]): void {
    this.#events.emit(name, event)
  }
}

function sameStatus(one: SheetStatus, other: SheetStatus): boolean {
  return (Object.keys(one) as (keyof SheetStatus)[]).every((name) => one[name] === other[name])
}

function sameItems(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((item, place) => item === other[place])
}

function readOnly<Value>({
  subscribe,
  getSnapshot,
  getServerSnapshot,
}: ExternalStore<Value>): ExternalStore<Value> {
  return Object.freeze({ subscribe, getSnapshot, getServerSnapshot })
}

/** The filter as a sheet takes it. */
export type SheetFilter = Pick<CellFilter, 'module' | 'entity' | 'field' | 'period'>
