/**
 * The database behind the harness's interface, in few round trips: every call is one text of statements, with the
 * reads that follow it in the same text.
 */
import { randomUUID } from 'node:crypto'
import postgres from 'postgres'
import type { Engine, LogRow, Seeds } from '../engine.ts'
import type { History } from '../history.ts'
import type {
  Cell,
  ItemResult,
  LockCall,
  Outcome,
  Refusal,
  RestoreCall,
  TurnCall,
  TurnReply,
  WriteCall,
  WriteReply,
} from '../model/types.ts'
import {
  cellOfTuple,
  contentOf,
  itemResult,
  itemOf,
  refusalOf,
  type Row,
  type Tuple,
  type TurnResult,
} from './sql-words.ts'
import type { Grounds } from './sql-grounds.ts'

const text = (value: string): string => `'${value.replaceAll("'", "''")}'`
const json = (value: unknown): string => `${text(JSON.stringify(value))}::jsonb`

/** One connection; engines on it run one after another. */
export class SqlLane {
  readonly sql: postgres.Sql
  readonly grounds: Grounds

  constructor(databaseUrl: string, grounds: Grounds) {
    this.sql = postgres(databaseUrl, { max: 1, prepare: false, onnotice: () => undefined })
    this.grounds = grounds
  }

  async createEngine(history: Pick<History, 'seeds' | 'cells'>): Promise<SqlEngine> {
    const names = Object.keys(history.seeds)
    const budgets = await this.grounds.take(names.length)
    return new SqlEngine(this, history, Object.fromEntries(names.map((name, n) => [name, budgets[n]!])))
  }

  /** The rows that the statements gave, in their order. */
  async run(statements: readonly string[]): Promise<Row[]> {
    try {
      const answers = await this.sql.unsafe<(Row | Row[])[]>(`${statements.join(';\n')};`).simple()
      return answers.flat()
    } catch (error) {
      await this.sql.unsafe('ROLLBACK').simple()
      throw error
    }
  }

  close = () => this.sql.end({ timeout: 5 })
}

type Turned = { readonly sessionId: string | null; readonly results: readonly TurnResult[] }
type Restored = { readonly revision: number; readonly results: readonly TurnResult[] }

class SqlEngine implements Engine {
  readonly #lane: SqlLane
  readonly #cells: readonly string[]
  readonly #seeds: Seeds
  readonly #budgets: Readonly<Record<string, string>>
  readonly #uuids = new Map<string, string>()
  readonly #restored = new Map<string, { raw: string; reply: WriteReply }>()
  #read = new Map<string, readonly (Cell | null)[]>()

  constructor(lane: SqlLane, history: Pick<History, 'seeds' | 'cells'>, budgets: Record<string, string>) {
    this.#lane = lane
    this.#cells = history.cells
    this.#seeds = history.seeds
    this.#budgets = budgets
  }

  async write({ budget, user, items, mode, type, session, operation }: WriteCall): Promise<WriteReply> {
    const given = items.map((item) => ({ ...this.#key(budget, item.cell), ...itemOf(item) }))
    return this.#attempt(
      user,
      `efir_budget.write_cells(${this.#id(budget)}, ${json(given)}, '${mode}', ${this.#uuid(operation)},
        ${session === null ? 'NULL' : this.#uuid(session)}, NULL, '${type}')`,
      ({ revision, results }: { revision: number; results: unknown[][] }) => ({
        revision,
        results: results.map(itemResult),
      }),
    )
  }

  async restore({ budget, user, cells, revision, mode, operation }: RestoreCall): Promise<WriteReply> {
    const filter = { module: 'core', field: cells.map((cell) => this.#key(budget, cell).field) }
    return this.#attempt(
      user,
      `efir_budget.restore_cells(${this.#id(budget)}, ${revision}, ${json(filter)}, '${mode}', ${this.#uuid(operation)})`,
      (raw: Restored) => this.#restoredReply(budget, cells, operation, raw),
      (tuple) => cells.indexOf(this.#name(tuple[3])),
    )
  }

  async turn({ kind, budget, user, operation }: TurnCall) {
    return this.#attempt(
      user,
      `efir_budget.${kind}(${this.#id(budget)}, ${this.#uuid(operation)})`,
      ({ revision, ...turned }: Turned & { revision: number }) => ({ ...this.#turned(turned), revision }),
    )
  }

  async preview(budget: string, kind: 'undo' | 'redo', user: string): Promise<TurnReply> {
    const { reply } = await this.#asUser(user, [
      `SELECT efir_budget.preview_${kind}(${this.#id(budget)}) AS reply`,
    ])
    return this.#turned(reply as Turned)
  }

  /** Locking has functions of its own in later migrations; a direct update is the same to the rule. */
  async lock({ kind, budget, user, cells }: LockCall): Promise<{ revision: number }> {
    const fields = cells.map((cell) => text(this.#key(budget, cell).field)).join(', ')
    const locking = kind === 'lock'
    const update = `UPDATE efir_budget.planning_cells
      SET is_locked = ${locking}, lock_reason = ${locking ? "'approved'" : 'NULL'}
      WHERE budget_version_id = ${this.#id(budget)} AND field_name IN (${fields})
        AND deleted_at IS NULL AND is_locked <> ${locking}`
    const look = `SELECT efir_budget.read_cells(${this.#id(budget)}, '[]') ->> 'revision' AS revision`
    const rows = await this.#lane.run([...this.#as(user, [update]), ...this.#as(null, [look])])
    this.#read = new Map()
    const { revision } = rows.at(-1)!
    return { revision: Number(revision) }
  }

  async readCells(budget: string, cells: readonly string[]): Promise<readonly (Cell | null)[]> {
    const known = this.#read.get(budget)
    if (known && cells === this.#cells) return known
    const { reply } = await this.#asUser(null, [this.#readStatement(budget, cells)])
    return (reply as { cells: (Tuple | null)[] }).cells.map(cellOfTuple)
  }

  async readLog(budget: string): Promise<readonly LogRow[]> {
    const rows = await this.#lane.run([
      `SELECT made.revision, change.field_name, change.change_type, change.action, change.changed_by, change.new_version,
        trim_scale(change.old_value)::text AS old_number, change.old_text,
        trim_scale(change.new_value)::text AS new_number, change.new_text,
        CASE WHEN change.change_type IN ('undo', 'redo') THEN change.ref_session_id
          WHEN change.change_type <> 'calculation' AND step.actor IS NOT NULL THEN step.id END AS step
       FROM efir_budget.cell_changes AS change
       JOIN efir_budget.cell_commits AS made ON made.commit_id = change.commit_id
       LEFT JOIN efir_budget.cell_sessions AS step ON step.id = change.session_id
       WHERE change.budget_version_id = ${this.#id(budget)} AND change.action NOT IN ('lock', 'unlock')`,
    ])
    return rows.map((row) => ({
      revision: Number(row.revision),
      cell: this.#name(row.field_name as string),
      kind: row.change_type as LogRow['kind'],
      user: this.#lane.grounds.nameOf(row.changed_by as string | null),
      step: row.step as string | null,
      before: contentOf(row.old_number, row.old_text).value,
      after: row.action === 'delete' ? 'gone' : contentOf(row.new_number, row.new_text),
      version: Number(row.new_version),
    }))
  }

  /** In the caller's transaction, then the cells of all budgets, for they are asked for next. */
  async #attempt<Answer>(
    user: string | null,
    call: string,
    understand: (raw: never) => Answer,
    indexOf?: (tuple: Tuple) => number,
  ): Promise<Answer | Refusal> {
    const budgets = Object.keys(this.#budgets)
    const reads = this.#as(
      null,
      budgets.map((budget) => this.#readStatement(budget, this.#cells)),
    )
    let rows: Row[]
    let refusal: Refusal | undefined
    try {
      const answers = await this.#lane.run([...this.#as(user, [`SELECT ${call} AS reply`]), ...reads])
      rows = answers.filter((row) => 'reply' in row)
    } catch (error) {
      refusal = refusalOf(error, indexOf)
      rows = [{ reply: null }, ...(await this.#lane.run(reads)).filter((row) => 'reply' in row)]
    }
    const [reply, ...reading] = rows
    this.#read = new Map(
      budgets.map((budget, n) => [
        budget,
        (reading[n]!.reply as { cells: (Tuple | null)[] }).cells.map(cellOfTuple),
      ]),
    )
    return refusal ?? understand(reply!.reply as never)
  }

  async #asUser(user: string | null, statements: readonly string[]): Promise<Row> {
    const rows = await this.#lane.run(this.#as(user, statements))
    return rows.at(-1)!
  }

  /** As PostgREST would for a request. */
  #as(user: string | null, statements: readonly string[]): string[] {
    const role = user === null ? 'service_role' : 'authenticated'
    const claims = JSON.stringify({ role, ...(user !== null && { sub: this.#lane.grounds.idOf(user) }) })
    return [
      'BEGIN',
      `SELECT set_config('role', '${role}', true), set_config('request.jwt.claims', ${text(claims)}, true)`,
      ...statements,
      'COMMIT',
    ]
  }

  #readStatement(budget: string, cells: readonly string[]): string {
    const keys = cells.map((cell) => {
      const { module, field } = this.#key(budget, cell)
      return [module, null, field, null]
    })
    return `SELECT efir_budget.read_cells(${this.#id(budget)}, ${json(keys)}) AS reply`
  }

  #turned({ sessionId, results }: Turned): TurnReply {
    const cells = results.map(([outcome, cell, gone]) => ({
      cell: this.#name((cell ?? gone!)[3]),
      outcome: outcome as Outcome,
    }))
    return { step: sessionId, cells: cells.sort((one, other) => (one.cell < other.cell ? -1 : 1)) }
  }

  /** The answer names only cells that were not right; the model names all. */
  #restoredReply(
    budget: string,
    cells: readonly string[],
    operation: string,
    raw: Restored,
  ): Exclude<WriteReply, Refusal> {
    const earlier = this.#restored.get(operation)
    if (earlier?.raw === JSON.stringify(raw)) return earlier.reply as Exclude<WriteReply, Refusal>
    const told = new Map<string, ItemResult>()
    for (const [outcome, cell, gone] of raw.results) {
      const result = outcome === 'written' ? [outcome, null, cell?.[10] ?? gone![5]] : [outcome, cell]
      told.set(this.#name((cell ?? gone!)[3]), itemResult(result))
    }
    const now = this.#read.get(budget)!
    const results = cells.map(
      (cell) =>
        told.get(cell) ?? {
          outcome: 'unchanged' as const,
          current: now[this.#cells.indexOf(cell)] ?? null,
        },
    )
    const reply = { revision: raw.revision, results }
    this.#restored.set(operation, { raw: JSON.stringify(raw), reply })
    return reply
  }

  /** Cells from before the log were planted with their value in the name of the field. */
  #key(budget: string, cell: string): { module: string; field: string } {
    const seed = this.#seeds[budget]?.[cell]
    return {
      module: 'core',
      field: seed === undefined ? cell : `${cell}=${JSON.stringify(seed).replaceAll('"', '')}`,
    }
  }

  #name = (field: string): string => field.replace(/=.*/, '')
  #id = (budget: string): string => text(this.#budgets[budget]!)

  #uuid(name: string): string {
    const known = this.#uuids.get(name) ?? randomUUID()
    this.#uuids.set(name, known)
    return text(known)
  }
}
