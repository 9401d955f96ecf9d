import type postgres from 'postgres'

type Sql = postgres.TransactionSql | postgres.Sql

/** One record of the log, as the wire has it. */
export interface ChangeRecord {
  readonly id: string
  readonly revision: number | null
  readonly at: string
  readonly actor: string | null
  readonly action: string
  readonly changeType: string
  readonly cell: readonly [
    id: string,
    module: string,
    entity: string | null,
    field: string,
    period: string | null,
  ]
  readonly exists: boolean
  readonly before: readonly [number: string | null, text: string | null, version: number | null]
  readonly after: readonly [number: string | null, text: string | null, version: number | null]
  readonly sessionLabel: string | null
}

export interface HistoryPage {
  readonly revision: number
  readonly changes: readonly ChangeRecord[]
  readonly next: unknown
}

export async function listChanges(
  sql: Sql,
  budget: string,
  filter: object | null = {},
  { before = null, limit = 100 }: { readonly before?: unknown; readonly limit?: number } = {},
): Promise<HistoryPage> {
  const [row] = await sql<{ reply: HistoryPage }[]>`
    SELECT efir_budget.list_changes(
      ${budget}, ${filter && JSON.stringify(filter)}::text::jsonb, ${before === null ? null : JSON.stringify(before)}::text::jsonb, ${limit}
    ) AS reply`
  return row!.reply
}

/** Page by page to the end. */
export async function allChanges(sql: Sql, budget: string, filter: object | null, limit: number) {
  const found: ChangeRecord[] = []
  for (let before: unknown = null; ;) {
    const { changes, next } = await listChanges(sql, budget, filter, { before, limit })
    found.push(...changes)
    if (next === null) return found
    before = next
  }
}
