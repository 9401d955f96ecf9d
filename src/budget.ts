import { sendBatch, type WriteManyOptions, type WriteManyResult, type WriteOptions } from './batch.ts'
import { callsOf, type Call } from './call.ts'
import { isCell, prepareChange, type BaseVersion, type LooseChange } from './change.ts'
import { Comments } from './comments/comments.ts'
import { ProtocolError, ValidationError } from './errors.ts'
import { History } from './history/history.ts'
import { historyCalls } from './history/load-calls.ts'
import { PastBudget } from './history/past.ts'
import type { RestoreOptions } from './history/restore.ts'
import type { RedoResult, RestoreResult, StepPreview, Turn, UndoResult } from './history/step.ts'
import type { StepOptions, TurnOptions } from './history/steps.ts'
import { Leases } from './leases/leases.ts'
import { CellList, type ListOptions } from './list.ts'
import type { OpenSheet } from './live.ts'
import { Locks } from './locks/locks.ts'
import { resolveAddress, type CellAddress } from './model/address.ts'
import { missingCell, type AnyCell, type StoredCell } from './model/cell.ts'
import type { BudgetVersionId } from './model/ids.ts'
import { toMoment, type Moment } from './model/moment.ts'
import type { RefusedChange } from './model/refusals.ts'
import type { Modules } from './modules/modules.ts'
import { noRules, type ModuleRules } from './modules/rules.ts'
import type {
  AddressAt,
  CellAt,
  CheckedReferences,
  CellsAt,
  FieldName,
  InputAt,
  ListedCell,
  ModuleName,
  NoModules,
} from './modules/types.ts'
import { toPageSize } from './paged-list.ts'
import { findRefusal, rethrow } from './refusal.ts'
import { checkCount } from './selection.ts'
import { Session, type SessionName } from './session.ts'
import type { CellsSnapshot } from './snapshot.ts'
import type { CheckedChanges, OutcomesAt } from './typed-change.ts'
import type { Sheet } from './sheet/sheet.ts'
import type { OpenOptions, SheetFilter } from './sheet/sheet-types.ts'
import type { CallOptions, CellFilter, CellsTransport } from './transport/port.ts'

/** What a change is based on, where its cell does not say. */
export interface BaseOption {
  /** The version that was read, 0 for a cell that must not exist yet, `'any'` for whatever is there. */
  readonly ifVersion?: BaseVersion
}

/**
 * The cells of one budget version. Made by {@link Cells.budget}.
 *
 * Besides what each method names, every call may reject with {@link UnauthorizedError} (sign in again),
 * {@link TransportError} (no usable answer came, however often it was sent), {@link NotInstalledError},
 * {@link ProtocolError}, or the reason of the `signal` that it was given.
 */
export class Budget<M extends Modules = NoModules> {
  readonly id: BudgetVersionId
  /** What people say about cells: threads, mentions, what is unread. */
  readonly comments: Comments
  /** Hard locks, in bulk: a locked cell takes no value from anybody. */
  readonly locks: Locks
  /** Who is editing which cell, for a short while. */
  readonly leases: Leases
  /** @internal For the rooms of the house that ask in their own words. */
  readonly call: Call
  readonly #transport: CellsTransport
  readonly #rules: ModuleRules
  readonly #openSheet: OpenSheet | undefined

  /** @internal */
  constructor(
    id: BudgetVersionId,
    transport: CellsTransport,
    rules: ModuleRules = noRules,
    openSheet?: OpenSheet,
  ) {
    this.id = id
    this.#transport = transport
    this.#rules = rules
    this.#openSheet = openSheet
    this.call = callsOf(transport, id)
    this.comments = new Comments(this.call)
    this.locks = new Locks(this.call)
    this.leases = new Leases(id, transport, this.call)
  }

  /**
   * One cell, as it is now. A cell that nobody has written yet comes back with `exists: false` and version 0, and
   * can be written to like any other.
   *
   * @throws {ValidationError} naming the part of the address that is not acceptable.
   * @throws {NotFoundError} where the budget is not the caller's to see.
   * @example
   * ```ts
   * import type { Budget } from '@efir/cells'
   *
   * async function rate(budget: Budget) {
   *   const cell = await budget.read({ module: 'revenue', field: 'tuition_rate', period: '2025-09' })
   *   return cell.value // '45000', or null
   * }
   * void rate
   * ```
   */
  async read<Module extends ModuleName<M>, Field extends FieldName<M, Module>>(
    cell: AddressAt<M, Module, Field> | AnyCell<Module, Field>,
    options: CallOptions = {},
  ): Promise<CellAt<M, Module, Field>> {
    const [found] = await this.#readMany([cell], options, () => 'cell')
    return found as CellAt<M, Module, Field>
  }

  /**
   * Up to 10,000 cells in one round trip, in the order asked for, all as of one moment; where the server cannot answer
   * so many at once, in parts that each show their own. A cell that nobody has written yet is a missing one, as in
   * {@link Budget.read}; the same cell may be asked for twice.
   *
   * @throws {ValidationError} naming the cell and the part of its address that is not acceptable.
   * @throws {NotFoundError} where the budget is not the caller's to see.
   * @example
   * ```ts
   * import type { Budget } from '@efir/cells'
   *
   * async function year(budget: Budget, months: string[]) {
   *   const cells = await budget.readMany(months.map((period) => ({ module: 'staff', field: 'posts', period })))
   *   return cells.map(({ value }) => Number(value ?? 0))
   * }
   * void year
   * ```
   */
  async readMany<const References extends readonly (AnyCell | CellAddress)[]>(
    cells: readonly [] | (References & CheckedReferences<M, References>),
    options: CallOptions = {},
  ): Promise<CellsAt<M, References>> {
    checkCount(cells, 'cells')
    return (await this.#readMany(cells, options, (index) => `cells[${index}]`)) as CellsAt<M, References>
  }

  /**
   * Every cell that the filter names, fetched page by page while it is consumed. Each page is one moment's truth and
   * carries its revision; cells written between two pages may show in either state.
   *
   * @param filter every member is optional, members are ANDed; `{}` is the whole budget.
   * @throws {ValidationError} where the page size is not acceptable; while it is iterated, where the filter is not.
   * @throws {NotFoundError} while it is iterated, where the budget is not the caller's to see.
   * @example
   * ```ts
   * import type { Budget } from '@efir/cells'
   *
   * async function lockedCells(budget: Budget) {
   *   const reasons = new Map<string, string | null>()
   *   for await (const cell of budget.list({ module: 'revenue', locked: true })) {
   *     reasons.set(cell.id, cell.lockReason)
   *   }
   *   return reasons
   * }
   * void lockedCells
   * ```
   */
  list<Module extends ModuleName<M> = string, Field extends FieldName<M, Module> = FieldName<M, Module>>(
    filter: CellFilter<Module, Field> = {},
    options: ListOptions = {},
  ): CellList<ListedCell<M, Module, Field>> {
    const pageSize = toPageSize(options.pageSize, 1_000, 10_000)
    return new CellList(async (after, limit) => {
      const page = await this.#transport.listCells(this.id, filter, after, limit, options).catch(rethrow)
      const cells = page.cells.map((cell) => this.#rules.toTyped(cell) as ListedCell<M, Module, Field>)
      return { ...page, cells }
    }, pageSize)
  }

  /**
   * Every cell that the filter names, and the revision that they show: for a server to render and hand on, and for a sheet
   * to go on from (`initial` of {@link Budget.open}). JSON can carry it.
   *
   * @throws {ValidationError} where the filter is not acceptable.
   * @throws {NotFoundError} where the budget is not the caller's to see.
   * @example
   * ```ts
   * import type { Budget } from '@efir/cells'
   *
   * async function page(budget: Budget) {
   *   return JSON.stringify(await budget.snapshot({ module: 'revenue' }))
   * }
   * void page
   * ```
   */
  async snapshot(filter: SheetFilter = {}, options: CallOptions = {}): Promise<CellsSnapshot> {
    const list = new CellList<StoredCell>(
      (after, limit) => this.#transport.listCells(this.id, filter, after, limit, options).catch(rethrow),
      10_000,
    )
    const cells: StoredCell[] = []
    let revision = Infinity
    for await (const page of list.pages()) {
      cells.push(...page.cells)
      // The oldest page tells from where on changes may be missing.
      revision = Math.min(revision, page.revision)
    }
    return { budgetVersionId: this.id, filter, revision, cells }
  }

  /**
   * Writes one value, on top of the cell as it was read. Resolves with the cell as it is now.
   * Writing `null` empties a cell; it does not create one.
   *
   * @param cell a cell as it was read, or an address together with `ifVersion`.
   * @throws {VersionConflictError} with base, mine and theirs where somebody else was faster.
   * @throws {CellLockedError} where the cell is locked.
   * @throws {LeaseLostError} where it was to land only under a `lease`, and that is not held any more.
   * @throws {ForbiddenError} where a rule of your own database refused it.
   * @throws {ValidationError} where the value cannot be stored exactly as given.
   * @throws {NotFoundError} where the budget is not the caller's to see.
   * @throws {TransportError} where no answer came, however often it was sent: the write may or may not have landed; with
   * the same `operationId` it is safe to send again.
   * @example
   * ```ts
   * import type { Budget } from '@efir/cells'
   *
   * async function raise(budget: Budget) {
   *   const cell = await budget.read({ module: 'revenue', field: 'tuition_rate', period: '2025-09' })
   *   const next = await budget.write(cell, '45000.00')
   *   return next.version
   * }
   * void raise
   * ```
   */
  async write<Module extends ModuleName<M>, Field extends FieldName<M, Module>>(
    cell: AnyCell<Module, Field>,
    value: InputAt<M, Module, Field>,
    options?: WriteOptions & BaseOption,
  ): Promise<CellAt<M, Module, Field>>
  async write<Module extends ModuleName<M>, Field extends FieldName<M, Module>>(
    cell: AddressAt<M, Module, Field>,
    value: InputAt<M, Module, Field>,
    options: WriteOptions & Required<BaseOption>,
  ): Promise<CellAt<M, Module, Field>>
  async write(
    cell: AnyCell | CellAddress,
    value: unknown,
    options: WriteOptions & BaseOption = {},
  ): Promise<AnyCell> {
    return await this.#writeOne({ cell, value, ...conditionsOf(options) }, options)
  }

  /**
   * Deletes a cell, on top of the cell as it was read: it leaves reads, keeps its history, and comes back when it is
   * written again. Resolves with the missing cell. Deleting what does not exist does nothing.
   *
   * @param cell a cell as it was read, or an address together with `ifVersion`.
   * @throws {VersionConflictError} with base and theirs where somebody changed it meanwhile.
   * @throws {CellLockedError} where the cell is locked.
   * @throws {LeaseLostError} where it was to land only under a `lease`, and that is not held any more.
   * @throws {NotFoundError} where the budget is not the caller's to see.
   * @example
   * ```ts
   * import type { Budget } from '@efir/cells'
   *
   * async function clear(budget: Budget) {
   *   const cell = await budget.read({ module: 'revenue', field: 'tuition_rate', period: '2025-09' })
   *   const { exists } = await budget.delete(cell)
   *   return exists // false; budget.undo() brings it back
   * }
   * void clear
   * ```
   */
  async delete<Module extends ModuleName<M>, Field extends FieldName<M, Module>>(
    cell: AnyCell<Module, Field>,
    options?: WriteOptions & BaseOption,
  ): Promise<CellAt<M, Module, Field>>
  async delete<Module extends ModuleName<M>, Field extends FieldName<M, Module>>(
    cell: AddressAt<M, Module, Field>,
    options: WriteOptions & Required<BaseOption>,
  ): Promise<CellAt<M, Module, Field>>
  async delete(cell: AnyCell | CellAddress, options: WriteOptions & BaseOption = {}): Promise<AnyCell> {
    return await this.#writeOne({ cell, delete: true, ...conditionsOf(options) }, options)
  }

  /**
   * Up to 10,000 changes in one round trip and one transaction; together they are one step for undo. Where that is too
   * much for the server, a `partial` batch is sent in parts, still as one step; an `atomic` one is never divided.
   *
   * @throws {VersionConflictError} {@link CellLockedError}, {@link NotFoundError} or {@link ValidationError} where
   * the mode is `atomic` and a change is not acceptable: nothing has landed, `refused` lists every bad change.
   * @example
   * ```ts
   * import type { Budget } from '@efir/cells'
   *
   * async function paste(budget: Budget) {
   *   const cells = await budget.readMany([
   *     { module: 'staff', field: 'posts', period: '2025' },
   *     { module: 'staff', field: 'posts', period: '2026' },
   *   ])
   *   const changes = cells.map((cell) => ({ cell, value: '12' }))
   *   const { outcomes } = await budget.writeMany(changes, { mode: 'partial', session: 'Paste' })
   *   return outcomes.filter((outcome) => outcome.status === 'conflict')
   * }
   * void paste
   * ```
   */
  async writeMany<const Changes extends readonly LooseChange[]>(
    changes: readonly [] | (Changes & CheckedChanges<M, Changes>),
    options: WriteManyOptions = {},
  ): Promise<WriteManyResult<OutcomesAt<M, Changes>>> {
    checkCount(changes, 'changes')
    if (changes.length === 0) throw new ValidationError('changes', changes, 'at least one change')
    const prepared = changes.map((change, index) => prepareChange(change, `changes[${index}]`, this.#rules))
    const result = await sendBatch(this.#transport, this.id, prepared, options)
    return result as WriteManyResult<OutcomesAt<M, Changes>>
  }

  /**
   * What a caught error says about one cell, in the types of its field: a conflict with `base`, `mine` and `theirs`, a
   * lock, a lost lease, or why the change was not acceptable. `undefined` where the error says nothing of that cell, or
   * comes from another call than a write or a delete of this budget's client.
   *
   * @param cell a cell as it was read, or its address.
   * @throws {ValidationError} naming the part of the address that is not acceptable.
   * @example
   * ```ts
   * import { decimal, defineModules, type Budget } from '@efir/cells'
   *
   * const modules = defineModules({ revenue: { growth: decimal({ as: 'number' }) } })
   *
   * async function add(budget: Budget<typeof modules>, more: number) {
   *   const cell = await budget.read({ module: 'revenue', field: 'growth' })
   *   try {
   *     return await budget.write(cell, (cell.value ?? 0) + more)
   *   } catch (error) {
   *     const refusal = budget.refusalOf(error, cell)
   *     if (refusal?.status !== 'conflict' || refusal.theirs === null) throw error
   *     return await budget.write(refusal.theirs, (refusal.theirs.value ?? 0) + more)
   *   }
   * }
   * void add
   * ```
   */
  refusalOf<Module extends ModuleName<M>, Field extends FieldName<M, Module>>(
    error: unknown,
    cell: AddressAt<M, Module, Field> | AnyCell<Module, Field>,
  ): RefusedChange<CellAt<M, Module, Field>, InputAt<M, Module, Field>> | undefined {
    const address = isCell(cell) ? cell : resolveAddress(cell, 'cell')
    return findRefusal(error, address, this.#rules) as
      RefusedChange<CellAt<M, Module, Field>, InputAt<M, Module, Field>> | undefined
  }

  /**
   * Begins a session: what is written through it is one step for undo. It ends with `commit()`, or with the block of a `using`
   * declaration. It groups and is no transaction: each write lands at once.
   *
   * @param session what a person would call the step, or the id of a session that goes on.
   * @throws {ValidationError} where the label has more than 200 characters, or the id is no UUID.
   * @example
   * ```ts
   * import type { Budget, CellChange } from '@efir/cells'
   *
   * async function importAll(budget: Budget, parts: CellChange[][]) {
   *   using session = budget.begin('Import of July')
   *   for (const part of parts) await session.writeMany(part, { changeType: 'import' })
   *   return session.id
   * }
   * void importAll
   * ```
   */
  begin(session?: string | SessionName): Session<this> {
    return new Session(this, session)
  }

  /**
   * Runs `work` with a session of its own, and resolves with what it returned. It groups and is no transaction: where
   * `work` throws, what had landed stays, is still one step, and the error passes on.
   *
   * @throws {ValidationError} where the label has more than 200 characters, or the id is no UUID.
   * @example
   * ```ts
   * import type { Budget, Cell } from '@efir/cells'
   *
   * async function raise(budget: Budget, price: Cell, seats: Cell) {
   *   await budget.session('Raise', async (session) => {
   *     await session.write(price, '46000')
   *     await session.write(seats, 24)
   *   })
   *   return await budget.undo() // both of them
   * }
   * void raise
   * ```
   */
  async session<Result>(
    session: string | SessionName,
    work: (session: Session<this>) => Result | PromiseLike<Result>,
  ): Promise<Result> {
    const begun = this.begin(session)
    try {
      return await work(begun)
    } finally {
      begun.commit()
    }
  }

  /**
   * Takes back the newest step of the signed-in user, and tells what became of each of its cells. It touches only
   * what this user did: where somebody wrote later, their value stays (`superseded`). Sent again after a lost reply, it
   * takes effect once.
   *
   * @throws {ValidationError} where an option is not acceptable.
   * @throws {ForbiddenError} for a service key, which has no steps.
   * @throws {NotFoundError} where the budget is not the caller's to see.
   * @example
   * ```ts
   * import type { Budget } from '@efir/cells'
   *
   * async function undo(budget: Budget) {
   *   const result = await budget.undo()
   *   if (result.status === 'nothing') return 'Nothing to undo.'
   *   const kept = result.outcomes.filter(({ status }) => status !== 'reverted')
   *   return `${result.label ?? 'Edit'} undone; ${kept.length} cells stay as they are.`
   * }
   * void undo
   * ```
   */
  async undo(options: TurnOptions = {}): Promise<UndoResult> {
    const { turnStep } = await historyCalls()
    return await turnStep(this.#transport.send, this.id, 'undo', options)
  }

  /**
   * Brings back the step that the signed-in user undid last, unless this user has written since. In all else like
   * {@link Budget.undo}.
   *
   * @throws {ValidationError} where an option is not acceptable.
   * @throws {ForbiddenError} for a service key, which has no steps.
   * @throws {NotFoundError} where the budget is not the caller's to see.
   * @example
   * ```ts
   * import type { Budget } from '@efir/cells'
   *
   * async function redo(budget: Budget) {
   *   const result = await budget.redo({ module: 'revenue' })
   *   return result.status === 'redone' ? result.outcomes.length : 0
   * }
   * void redo
   * ```
   */
  async redo(options: TurnOptions = {}): Promise<RedoResult> {
    const { turnStep } = await historyCalls()
    return await turnStep(this.#transport.send, this.id, 'redo', options)
  }

  /**
   * What {@link Budget.undo} or {@link Budget.redo} would do now, without doing it; the cells are as they are.
   *
   * @throws {ValidationError} where an argument is not acceptable.
   * @throws {ForbiddenError} for a service key, which has no steps.
   * @throws {NotFoundError} where the budget is not the caller's to see.
   * @example
   * ```ts
   * import type { Budget } from '@efir/cells'
   *
   * async function ask(budget: Budget, confirm: (question: string) => boolean) {
   *   const { status, outcomes } = await budget.preview('undo')
   *   const kept = outcomes.filter((outcome) => outcome.status === 'superseded')
   *   if (status === 'nothing' || !confirm(`Undo? ${kept.length} cells were changed by others and stay.`)) return
   *   await budget.undo()
   * }
   * void ask
   * ```
   */
  async preview(turn: Turn, options: StepOptions = {}): Promise<StepPreview> {
    const { previewStep } = await historyCalls()
    return await previewStep(this.#transport.send, this.id, turn, options)
  }

  /** Every change on record, and what can be undone and redone. */
  get history(): History {
    return new History(this.#transport.send, this.id)
  }

  /**
   * The budget as it was at a revision or a time, to read from. Nothing is fetched yet.
   *
   * @throws {ValidationError} where it is no moment; while reading, where the log does not reach there.
   * @example
   * ```ts
   * import type { Budget } from '@efir/cells'
   *
   * async function growthInJuly(budget: Budget) {
   *   const past = budget.asOf({ at: '2026-07-31T23:59:59+02:00' })
   *   const { value } = await past.read({ module: 'revenue', field: 'growth' })
   *   return { value, revision: await past.revision() }
   * }
   * void growthInJuly
   * ```
   */
  asOf(moment: Moment): PastBudget<Budget<M>> {
    const past = this.#transport.asOf(toMoment(moment))
    return new PastBudget(new Budget<M>(this.id, past, this.#rules), async (options) => {
      const { revision } = await past.readCells(this.id, [], options).catch(rethrow)
      return revision
    })
  }

  /**
   * Writes what the cells of the filter showed at a revision or a time, at most 10,000 that have changed since, as one
   * step, which can be undone. Cells that were not there then are deleted.
   *
   * @throws {CellLockedError} where the mode is `atomic` and a cell that would have to change is locked: nothing has landed.
   * @throws {ValidationError} where it is no moment, the log does not reach there, or an option is not acceptable.
   * @throws {NotFoundError} where the budget is not the caller's to see.
   * @example
   * ```ts
   * import type { Budget } from '@efir/cells'
   *
   * async function backToYesterday(budget: Budget) {
   *   const at = new Date(Date.now() - 86_400_000)
   *   const { outcomes } = await budget.restore({ at }, { filter: { module: 'staff' }, mode: 'partial' })
   *   return outcomes.filter(({ status }) => status === 'locked')
   * }
   * void backToYesterday
   * ```
   */
  async restore(moment: Moment, options: RestoreOptions = {}): Promise<RestoreResult> {
    const { restoreCells } = await historyCalls()
    return await restoreCells(this.#transport.send, this.id, moment, options)
  }

  /**
   * Opens a live sheet: cells as they change, whoever changes them, and writes that show at once. It resolves at once, too;
   * `ready()` tells when everything is there. Close it when nobody looks any more.
   *
   * @throws {ValidationError} where the filter names anything but modules, entities, fields and periods, or `initial` is a
   * snapshot of other cells.
   * @example
   * ```ts
   * import type { Budget } from '@efir/cells'
   *
   * async function follow(budget: Budget, render: () => void) {
   *   await using sheet = await budget.open({ module: 'revenue' })
   *   await sheet.ready()
   *   sheet.subscribeRange({}, render)
   *   const { result } = sheet.set({ module: 'revenue', field: 'growth', period: '2026' }, '0.045')
   *   await result
   * }
   * void follow
   * ```
   */
  async open<
    Module extends ModuleName<M> = string,
    Field extends FieldName<M, Module> = FieldName<M, Module>,
  >(filter: SheetFilter<Module, Field> = {}, options: OpenOptions = {}): Promise<Sheet<M, Module>> {
    if (this.#openSheet === undefined) {
      throw new ValidationError('budget', this.id, 'a budget of createCells(), and as it is now')
    }
    const sheet = await this.#openSheet(this.id, filter, options, this.#rules)
    return sheet as object as Sheet<M, Module>
  }

  async #readMany(
    cells: readonly (AnyCell | CellAddress)[],
    options: CallOptions,
    path: (index: number) => string,
  ): Promise<AnyCell[]> {
    if (cells.length === 0) return []
    // By key and not by id: a cell that is gone by now comes back as the missing cell of the same address.
    const addresses = cells.map((cell, index) => {
      if (isCell(cell)) return cell
      const address = resolveAddress(cell, path(index))
      this.#rules.checkAddress(address, path(index))
      return address
    })
    const reply = await this.#transport.readCells(this.id, addresses, options).catch(rethrow)
    if (reply.cells.length !== cells.length) {
      throw new ProtocolError(
        `read_cells answered ${reply.cells.length} cells for ${cells.length} references.`,
      )
    }
    return addresses.map((address, index) => {
      const cell = reply.cells[index]
      return cell ? this.#rules.toTyped(cell) : missingCell(address)
    })
  }

  async #writeOne(change: LooseChange, options: WriteOptions): Promise<AnyCell> {
    const prepared = prepareChange(change, 'change', this.#rules)
    const { outcomes } = await sendBatch(this.#transport, this.id, [prepared], options)
    const [outcome] = outcomes
    if (outcome?.status !== 'written' && outcome?.status !== 'unchanged') {
      throw new ProtocolError(`write_cells answered ${String(outcome?.status)} in a call that refuses whole.`)
    }
    return outcome.cell
  }
}

function conditionsOf({ ifVersion, lease }: WriteOptions & BaseOption) {
  return { ...(ifVersion !== undefined && { ifVersion }), ...(lease !== undefined && { lease }) }
}
