import { randomUUID } from 'node:crypto'
import postgres from 'postgres'
import { afterAll } from 'vitest'
import { asRole } from '../../support/roles.ts'
import { freshDatabase, type FreshDatabase } from '../../support/stack.ts'

type Sql = postgres.TransactionSql | postgres.Sql

/** A cell as the wire has it. */
export type Tuple = [
  id: string,
  module: string,
  entity: string | null,
  field: string,
  period: string | null,
  number: string | null,
  text: string | null,
  valueType: string,
  isLocked: boolean,
  lockReason: string | null,
  version: number,
  modifiedBy: string | null,
  modifiedAt: string,
]

/** A cell by the names of its parts. */
export const cellOf = ([
  id,
  module,
  entity,
  field,
  period,
  number,
  text,
  valueType,
  isLocked,
  lockReason,
  version,
  modifiedBy,
  modifiedAt,
]: Tuple) => ({
  id,
  module,
  entity,
  field,
  period,
  number,
  text,
  valueType,
  isLocked,
  lockReason,
  version,
  modifiedBy,
  modifiedAt,
})

export type Item = Readonly<Record<string, unknown>>

interface WriteOptions {
  readonly mode?: 'atomic' | 'partial'
  readonly operation?: string
  readonly session?: string
  readonly label?: string
  readonly type?: string
}

export interface Reply {
  readonly revision: number
  readonly operationId: string | null
  readonly sessionId: string
  readonly actor: string | null
  readonly at: string
  readonly results: readonly (readonly unknown[])[]
}

export async function write(
  sql: Sql,
  budget: string,
  items: readonly Item[],
  { mode = 'atomic', operation, session, label, type = 'manual' }: WriteOptions = {},
): Promise<Reply> {
  const [row] = await sql<{ reply: Reply }[]>`
    SELECT efir_budget.write_cells(
      ${budget}, ${JSON.stringify(items)}::text::jsonb, ${mode}, ${operation ?? null}, ${session ?? null},
      ${label ?? null}, ${type}
    ) AS reply`
  return row!.reply
}

export async function read(sql: Sql, budget: string, references: readonly unknown[]) {
  const [row] = await sql<{ reply: { revision: number; cells: (Tuple | null)[] } }[]>`
    SELECT efir_budget.read_cells(${budget}, ${JSON.stringify(references)}::text::jsonb) AS reply`
  const { revision, cells } = row!.reply
  return { revision, cells: cells.map((tuple) => tuple && cellOf(tuple)) }
}

export async function list(
  sql: Sql,
  budget: string,
  filter: object | null = {},
  after: string | null = null,
  limit = 1000,
) {
  const [row] = await sql<{ reply: { revision: number; cells: Tuple[]; next: string | null } }[]>`
    SELECT efir_budget.list_cells(${budget}, ${JSON.stringify(filter)}::text::jsonb, ${after}, ${limit}) AS reply`
  const { revision, cells, next } = row!.reply
  return { revision, next, cells: cells.map(cellOf) }
}

/** Results with the id in the place of each cell. */
export const short = (results: readonly (readonly unknown[])[]) =>
  results.map((result) => result.map((part) => (Array.isArray(part) ? (part[0] as unknown) : part)))

/** A key that no other test uses, as the members of an item. */
let counter = 0
export const freshKey = () => ({
  module: 'core',
  entity: randomUUID(),
  field: `field_${(counter += 1)}`,
  period: '2025-09',
})

interface Key {
  readonly module: string
  readonly entity: string | null
  readonly field: string
  readonly period: string | null
}
export const referenceTo = ({ module, entity, field, period }: Key) => [module, entity, field, period]

/** What the database raised, with DETAIL taken apart. */
export async function refusalOf(attempt: Promise<unknown>) {
  try {
    await attempt
  } catch (error) {
    if (!(error instanceof postgres.PostgresError)) throw error
    const { code, message, detail, hint } = error
    let json: unknown
    try {
      json = detail === undefined ? undefined : JSON.parse(detail)
    } catch {
      json = detail
    }
    const refused = json as { results?: unknown[][] } | undefined
    return { code, message, hint, detail: refused, results: short(refused?.results ?? []) }
  }
  throw new Error('It was not refused.')
}

export interface ChangeRow {
  readonly action: string
  readonly change_type: string
  readonly old_value: string | null
  readonly new_value: string | null
  readonly old_text: string | null
  readonly new_text: string | null
  readonly old_version: number | null
  readonly new_version: number
  readonly changed_by: string | null
  readonly session_id: string
  readonly operation_id: string | null
  readonly revision: string
}

/** The record of a cell, oldest first. */
export async function recordOf(sql: Sql, cell: string): Promise<ChangeRow[]> {
  return sql<ChangeRow[]>`
    SELECT change.action, change.change_type, change.old_value, change.new_value, change.old_text, change.new_text,
      change.old_version, change.new_version, change.changed_by, change.session_id, change.operation_id,
      made.revision
    FROM efir_budget.cell_changes AS change
    LEFT JOIN efir_budget.cell_commits AS made ON made.commit_id = change.commit_id
    WHERE change.cell_id = ${cell} ORDER BY change.new_version, change.commit_id`
}

/** Alice and Bob of one organisation, Mallory of another, and a budget of each. */
export async function freshTenants() {
  const database: FreshDatabase = await freshDatabase()
  const [ours, theirs] = await Promise.all([database.createOrganization(), database.createOrganization()])
  const [alice, bob, mallory] = await Promise.all([
    database.createUser({ organization: ours }),
    database.createUser({ organization: ours }),
    database.createUser({ organization: theirs }),
  ])
  const [budget, theirBudget] = await Promise.all([
    database.createBudget({ organization: ours }),
    database.createBudget({ organization: theirs }),
  ])
  return {
    ...database,
    ours,
    theirs,
    alice: alice.id,
    bob: bob.id,
    mallory: mallory.id,
    budget: budget.id,
    theirBudget: theirBudget.id,
    asService: <T>(work: (sql: postgres.TransactionSql) => Promise<T>) => database.asService(work),
    asAnon: <T>(work: (sql: postgres.TransactionSql) => Promise<T>) => database.asAnon(work),
    /** As a member of the organisation. */
    asAlice: <T>(work: (sql: postgres.TransactionSql) => Promise<T>) => database.asUser(alice.id, work),
    asBob: <T>(work: (sql: postgres.TransactionSql) => Promise<T>) => database.asUser(bob.id, work),
    asMallory: <T>(work: (sql: postgres.TransactionSql) => Promise<T>) => database.asUser(mallory.id, work),
  }
}

/** Connections for work that happens at once, one transaction each. */
export function crowd(database: Pick<FreshDatabase, 'databaseUrl'>, connections: number) {
  const sql = postgres(database.databaseUrl, { max: connections, onnotice: () => undefined })
  afterAll(() => sql.end({ timeout: 5 }))
  return { sql, ...asRole(sql) }
}
