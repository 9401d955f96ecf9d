import type postgres from 'postgres'
import type { TurnResult } from './sql-words.ts'

type Sql = postgres.TransactionSql | postgres.Sql

interface TurnOptions {
  readonly operation?: string
  readonly scope?: object
  readonly limit?: number
}

interface Turn {
  readonly revision: number
  readonly sessionId: string | null
  readonly label: string | null
  readonly results: readonly TurnResult[]
}

interface MadeTurn extends Turn {
  readonly operationId: string | null
  readonly actor: string
  readonly at: string
  readonly more: boolean
}

interface Step {
  readonly sessionId: string
  readonly label: string | null
  readonly changeType: string
  readonly modules: readonly string[]
  readonly at: string
  readonly cells: number
  readonly unfinished: 'undo' | 'redo' | null
}

const json = (value: object | undefined) => (value === undefined ? null : JSON.stringify(value))

const turn =
  (kind: 'undo' | 'redo') =>
  async (
    sql: Sql,
    budget: string,
    { operation, scope, limit = 10_000 }: TurnOptions = {},
  ): Promise<MadeTurn> => {
    const [row] = await sql<{ reply: MadeTurn }[]>`
      SELECT ${sql(`efir_budget.${kind}`)}(
        ${budget}, ${operation ?? null}, ${json(scope)}::text::jsonb, ${limit}) AS reply`
    return row!.reply
  }

const preview =
  (kind: 'undo' | 'redo') =>
  async (sql: Sql, budget: string, scope?: object): Promise<Turn> => {
    const [row] = await sql<{ reply: Turn }[]>`
      SELECT ${sql(`efir_budget.preview_${kind}`)}(${budget}, ${json(scope)}::text::jsonb) AS reply`
    return row!.reply
  }

export const undo = turn('undo')
export const redo = turn('redo')
export const previewUndo = preview('undo')
export const previewRedo = preview('redo')

export async function undoState(sql: Sql, budget: string, scope?: object) {
  const [row] = await sql<{ reply: { revision: number; undo: Step | null; redo: Step | null } }[]>`
    SELECT efir_budget.undo_state(${budget}, ${json(scope)}::text::jsonb) AS reply`
  return row!.reply
}

export async function restore(
  sql: Sql,
  budget: string,
  revision: number,
  {
    filter = {},
    mode = 'atomic',
    operation,
    label,
  }: { filter?: object; mode?: string; operation?: string; label?: string } = {},
) {
  const [row] = await sql<{ reply: MadeTurn }[]>`
    SELECT efir_budget.restore_cells(
      ${budget}, ${revision}, ${JSON.stringify(filter)}::text::jsonb, ${mode}, ${operation ?? null}, ${label ?? null}
    ) AS reply`
  return row!.reply
}

/** What became of each cell. */
export const outcomes = ({ results }: Pick<Turn, 'results'>) => results.map(([outcome]) => outcome)
