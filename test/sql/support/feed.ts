import type postgres from 'postgres'
import type { Tuple } from './cells.ts'

type Sql = postgres.TransactionSql | postgres.Sql

type Deletion = [
  id: string,
  module: string,
  entity: string | null,
  field: string,
  period: string | null,
  version: number,
]

interface Commit {
  readonly revision: number
  readonly at: string
  readonly actor: string | null
  readonly changeType: string | null
  readonly sessionId: string
  readonly refSessionId: string | null
  readonly operationId: string | null
  readonly cells: readonly Tuple[]
  readonly deleted: readonly Deletion[]
}

/** What `changes_since` answers, and what a broadcast says. */
export interface Feed {
  readonly revision: number
  readonly from: number
  readonly to: number
  readonly resync: boolean
  readonly commits: readonly Commit[]
}

export async function changesSince(
  sql: Sql,
  budget: string,
  revision: number,
  { limit = 1000, filter = {} }: { readonly limit?: number; readonly filter?: object | null } = {},
): Promise<Feed> {
  const [row] = await sql<{ reply: Feed }[]>`
    SELECT efir_budget.changes_since(${budget}, ${revision}, ${limit}, ${filter && JSON.stringify(filter)}::text::jsonb) AS reply`
  return row!.reply
}

/** What a subscriber holds: cells by id, as of a revision. */
export interface Held {
  readonly revision: number
  readonly cells: ReadonlyMap<string, Tuple>
}

export const nothing: Held = { revision: 0, cells: new Map() }

/** As a subscriber would: refuses what does not follow on what he holds. */
export function apply(held: Held, feed: Feed): Held {
  if (feed.resync || feed.from !== held.revision) throw new Error(`Does not follow on ${held.revision}.`)
  const cells = new Map(held.cells)
  let { revision } = held
  for (const commit of feed.commits) {
    if (commit.revision !== revision + 1) throw new Error(`${commit.revision} came after ${revision}.`)
    ;({ revision } = commit)
    for (const cell of commit.cells) {
      mustBeNewer(cells.get(cell[0]), cell[10])
      cells.set(cell[0], cell)
    }
    for (const gone of commit.deleted) {
      mustBeNewer(cells.get(gone[0]), gone[5])
      cells.delete(gone[0])
    }
  }
  if (revision !== feed.to) throw new Error(`It says ${feed.to} and goes to ${revision}.`)
  return { revision, cells }
}

function mustBeNewer(held: Tuple | undefined, version: number): void {
  if (held !== undefined && version <= held[10])
    throw new Error(`Version ${version} came after version ${held[10]}.`)
}

/** Everything, in pages, in one transaction that sees one snapshot. */
export async function snapshot(sql: postgres.Sql, budget: string): Promise<Held> {
  return sql.begin('ISOLATION LEVEL REPEATABLE READ READ ONLY', (transaction) =>
    pages(async (after) => {
      const [row] = await transaction<{ reply: Page }[]>`
        SELECT efir_budget.list_cells(${budget}, '{}', ${after}, 500) AS reply`
      return row!.reply
    }),
  )
}

/** Everything as it was at a revision. */
export async function asOf(sql: Sql, budget: string, revision: number, limit = 500): Promise<Held> {
  return pages(async (after) => {
    const [row] = await sql<{ reply: Page }[]>`
      SELECT efir_budget.cells_as_of(${budget}, ${revision}, NULL, '{}', ${after}, ${limit}) AS reply`
    return row!.reply
  })
}

interface Page {
  readonly revision: number
  readonly cells: readonly Tuple[]
  readonly next: string | null
}

async function pages(page: (after: string | null) => Promise<Page>): Promise<Held> {
  const cells = new Map<string, Tuple>()
  for (let after: string | null = null; ;) {
    const { revision, cells: some, next } = await page(after)
    for (const cell of some) cells.set(cell[0], cell)
    if (next === null) return { revision, cells }
    after = next
  }
}

/** The same whatever the order of the ids. */
export const contents = ({ revision, cells }: Held) => ({
  revision,
  cells: [...cells.values()].sort(([a], [b]) => (a < b ? -1 : 1)),
})
