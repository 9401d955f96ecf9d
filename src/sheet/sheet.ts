import { EventEmitter } from 'eventemitter3'
import type { SheetLeases } from '../editing/sheet-leases.ts'
import { ValidationError } from '../errors.ts'
import type { RedoResult, UndoResult } from '../history/step.ts'
import type { TurnOptions } from '../history/steps.ts'
import type { AcquireOptions } from '../leases/acquire-options.ts'
import { cellKey, resolveAddress, type CellAddress, type ResolvedAddress } from '../model/address.ts'
import { newUuid } from '../model/identifier.ts'
import type { Modules } from '../modules/modules.ts'
import { noRules, type ModuleRules } from '../modules/rules.ts'
import type { AddressAt, FieldName, InputAt, ModuleName, NoModules } from '../modules/types.ts'
import { isPending } from '../outbox/outbox-state.ts'
import type { StorageStatus } from '../outbox/persistent-storage.ts'
import type { SheetPresence } from '../presence/presence.ts'
import type { CellSelection, ExternalStore } from '../store/facts.ts'
import type { Scope } from '../sync/scope.ts'
import { isCaughtUp } from '../sync/sync-state.ts'
import { statusOf } from '../sync/sync-status.ts'
import type { EditAt } from './cell-edit.ts'
import { externalValue, type ExternalValue } from './external-value.ts'
import { toConflict } from './conflict.ts'
import type { LiveBudget, Member } from './live-budget.ts'
import { closedError } from './live-errors.ts'
import type { SheetEvents } from './sheet-events.ts'
import { intersection } from './selection.ts'
import type {
  BatchAt,
  CheckedSheetChanges,
  CloseOptions,
  CloseResult,
  HandleAt,
  LooseSheetChange,
  OpenOptions,
  PendingWrite,
  SeenCell,
  SetOptions,
  SheetFilter,
  SheetStatus,
} from './sheet-types.ts'
import { SheetEdits, type LooseEdit } from './sheet-edits.ts'
import { SheetWrites } from './sheet-writes.ts'
import { TypedCells, type VisibleAt } from './typed-cells.ts'

/** Writes that are one step for undo. Made by {@link Sheet.session}. */
export type SheetSession<M extends Modules = NoModules> = Pick<Sheet<M>, 'set' | 'setMany' | 'delete'>

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
export class Sheet<M extends Modules = NoModules, In extends string = string> {
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
  readonly #rules: ModuleRules
  readonly #typed: TypedCells
  readonly #writes: SheetWrites
  readonly #status: ExternalValue<SheetStatus>
  readonly #pending: ExternalValue<readonly PendingWrite[]>
  readonly #storage: ExternalValue<StorageStatus>
  readonly #waiters = new Set<() => void>()
  readonly #edits: SheetEdits
  readonly #leaveCompany: (() => void) | undefined
  readonly #onProgress: OpenOptions['onProgress']
  #listed = 0
  #isClosed = false
  #closing: Promise<CloseResult> | undefined

  /** @internal */
  constructor(
    live: LiveBudget,
    selection: CellSelection,
    options: OpenOptions,
    rules: ModuleRules = noRules,
  ) {
    this.budgetVersionId = live.id
    this.presence = live.presence
    this.#leaveCompany = options.presence && live.presence.enter(options.presence)
    this.#live = live
    this.#selection = selection
    const onConflict = options.onConflict ?? 'reject'
    this.#rules = rules
    this.#typed = new TypedCells(rules)
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
    const origin = live.nextOrigin()
    this.#writes = new SheetWrites({
      ...{ live, origin, onConflict, rules, typed: this.#typed },
      isClosed: () => this.#isClosed,
      resolve: (cell, field) => this.#address(cell, field),
      // The first question comes while the scope is being asked for.
      includes: (cell) => (this.#scope as Scope | undefined)?.includes(cell) ?? false,
    })
    this.#edits = new SheetEdits({
      ...{ live, writes: this.#writes, typed: this.#typed },
      lost: (event) => this.#emit('edit-lost', event),
    })
    this.#member = {
      origin,
      onConflict,
      changed: () => this.#changed(),
      conflict: (write, theirs, error) =>
        this.#emit('conflict', {
          ...toConflict(write, theirs),
          write: this.#writes.view(write),
          error,
          resolve: (choice) => this.#writes.settle(write, choice),
        }),
      rejected: (write, error) => this.#emit('rejected', { write: this.#writes.view(write), error }),
      healed: (from, to) => this.#emit('gap-healed', { from, to }),
      commented: (cells) => this.#emit('comments', { cells }),
      stored: () => this.#storage.set(live.storage),
    }
    this.#status.subscribe(() => this.#emit('status', this.#status.getSnapshot()))
    this.#storage.subscribe(() => this.#emit('storage', this.#storage.getSnapshot()))
    live.attach(this.#member)
    this.#scope = live.engine.want(selection, options.initial)
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
  get<Module extends ModuleName<M>, Field extends FieldName<M, Module>>(
    cell: AddressAt<M, Module, Field> | SeenCell<Module, Field>,
  ): VisibleAt<M, Module, Field> {
    return this.#typed.visible(this.#live.store.get(this.#address(cell))) as VisibleAt<M, Module, Field>
  }

  /**
   * One cell as an external store, for `useSyncExternalStore` and its like.
   *
   * @throws {ValidationError} where it is not an address, or outside the sheet's filter.
   */
  cell<Module extends ModuleName<M>, Field extends FieldName<M, Module>>(
    cell: AddressAt<M, Module, Field> | SeenCell<Module, Field>,
  ): ExternalStore<VisibleAt<M, Module, Field>> {
    const store = this.#typed.cellStore(this.#live.store.cell(this.#address(cell)))
    return store as ExternalStore<VisibleAt<M, Module, Field>>
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
  range<Module extends ModuleName<M> = In, Field extends FieldName<M, Module> = FieldName<M, Module>>(
    filter: SheetFilter<Module, Field> = {},
  ): ExternalStore<readonly VisibleAt<M, Module, Field>[]> {
    const store = this.#live.store.range(intersection(this.#selection, filter))
    return this.#typed.listStore(store) as ExternalStore<readonly VisibleAt<M, Module, Field>[]>
  }

  /**
   * Calls `listener` once after every commit that changed the cell. Returns what ends it.
   *
   * @throws {ValidationError} where it is not an address, or outside the sheet's filter.
   */
  subscribe<Module extends ModuleName<M>, Field extends FieldName<M, Module>>(
    cell: AddressAt<M, Module, Field> | SeenCell<Module, Field>,
    listener: (cell: VisibleAt<M, Module, Field>) => void,
  ): () => void {
    return this.#live.store.subscribe(this.#address(cell), (shown) =>
      listener(this.#typed.visible(shown) as VisibleAt<M, Module, Field>),
    )
  }

  /** Calls `listener` with the cells that changed, once after every commit; `{}` is the whole sheet. */
  subscribeRange<
    Module extends ModuleName<M> = In,
    Field extends FieldName<M, Module> = FieldName<M, Module>,
  >(
    filter: SheetFilter<Module, Field>,
    listener: (changed: readonly VisibleAt<M, Module, Field>[]) => void,
  ): () => void {
    return this.#live.store.subscribeRange(intersection(this.#selection, filter), (changed) =>
      listener(this.#typed.list(changed) as readonly VisibleAt<M, Module, Field>[]),
    )
  }

  /**
   * Writes a value: shown at once, sent with the turn of the event loop. The write is based on the cell as the sheet
   * shows it, or showed it when the user began: `seen`. Where somebody else is faster, the sheet's policy decides.
   *
   * @throws {ValidationError} where address or value is not acceptable, `seen` is another cell, or the sheet is closed.
   * @example
   * ```ts
   * import type { CellAddress, Sheet } from '@efir/cells'
   *
   * function openEditor(sheet: Sheet, cell: CellAddress) {
   *   const seen = sheet.get(cell)
   *   return { text: seen.value ?? '', enter: (text: string) => sheet.set(cell, text, { seen }) }
   * }
   * void openEditor
   * ```
   */
  set<Module extends ModuleName<M>, Field extends FieldName<M, Module>>(
    cell: AddressAt<M, Module, Field> | SeenCell<Module, Field>,
    value: InputAt<M, Module, Field>,
    { seen }: SetOptions = {},
  ): HandleAt<M, Module, Field> {
    return this.#writes.one({ cell, value, seen }, null) as HandleAt<M, Module, Field>
  }

  /** Deletes a cell. In all else like {@link Sheet.set}. */
  delete<Module extends ModuleName<M>, Field extends FieldName<M, Module>>(
    cell: AddressAt<M, Module, Field> | SeenCell<Module, Field>,
  ): HandleAt<M, Module, Field> {
    return this.#writes.one({ cell, delete: true }, null) as HandleAt<M, Module, Field>
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
  setMany<const Changes extends readonly LooseSheetChange[]>(
    changes: readonly [] | (Changes & CheckedSheetChanges<M, Changes>),
    label: string | null = null,
  ): BatchAt<M, Changes> {
    return this.#writes.many(changes, { id: newUuid(), label }) as object as BatchAt<M, Changes>
  }

  /**
   * Runs `work` with a session: what is written through it is one step for undo. It groups and is no transaction. Returns what
   * `work` returns.
   */
  session<Result>(label: string, work: (session: SheetSession<M>) => Result): Result {
    const session = { id: newUuid(), label }
    const grouped = {
      set: (cell: CellAddress, value: unknown) => this.#writes.one({ cell, value }, session),
      delete: (cell: CellAddress) => this.#writes.one({ cell, delete: true }, session),
      setMany: (changes: readonly LooseSheetChange[]) => this.#writes.many(changes, session),
    }
    return work(grouped as object as SheetSession<M>)
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
  async edit<Module extends ModuleName<M>, Field extends FieldName<M, Module>>(
    cell: AddressAt<M, Module, Field> | SeenCell<Module, Field>,
    options?: AcquireOptions & { readonly ifAvailable?: false | undefined },
  ): Promise<EditAt<M, Module, Field>>
  async edit<Module extends ModuleName<M>, Field extends FieldName<M, Module>>(
    cell: AddressAt<M, Module, Field> | SeenCell<Module, Field>,
    options: AcquireOptions,
  ): Promise<EditAt<M, Module, Field> | null>
  async edit(cell: CellAddress, options: AcquireOptions = {}): Promise<LooseEdit | null> {
    if (this.#isClosed) throw closedError()
    return await this.#edits.begin(this.#address(cell), options)
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
    this.#edits.end()
    if (pending === 'flush') await outbox.flushed(false, signal).catch(() => undefined)
    const { origin } = this.#member
    const writes = outbox.state.writes.filter((write) => write.origin === origin)
    const unsettled = Object.freeze(writes.map((write) => this.#writes.view(write)))
    const isKept = pending === 'flush' && this.#live.storage.kind === 'persistent'
    if (!isKept) outbox.drop(writes.map(({ id }) => id))
    // Each when its own writes are answered. What the network does not carry now is not waited for: such a lease lapses.
    const ended = this.#edits.commitAll()
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
    this.#rules.checkAddress(address, field)
    return address
  }

  /** Something changed in the stream, the reads or the outbox. */
  #changed(): void {
    const { engine, error } = this.#live
    const writes = this.#writes.listed
    const pendingWrites = writes.filter(isPending).length
    this.#pending.set(Object.freeze(writes.map((write) => this.#writes.view(write))))
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
