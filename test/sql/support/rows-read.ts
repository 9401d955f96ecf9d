import type postgres from 'postgres'

/** How many rows this session has read from each table so far, by scans of it and through its indexes. */
export async function rowsRead(session: postgres.Sql): Promise<ReadonlyMap<string, number>> {
  await session`SELECT pg_stat_force_next_flush()`
  const tables = await session<{ name: string; rows: number }[]>`
    SELECT relname AS name, (coalesce(seq_tup_read, 0) + coalesce((
      SELECT sum(pg_stat_get_tuples_returned(indexrelid)) FROM pg_index WHERE indrelid = relid), 0))::integer AS rows
    FROM pg_stat_user_tables
    WHERE schemaname = 'efir_budget' AND relname ~ '^(planning|cell_|comment_|budget_rev)'`
  return new Map(tables.map(({ name, rows }) => [name, rows]))
}

/** Statistics that came in between would have plans made anew, and at a time that nobody chose. */
export async function withoutStatistics(owner: postgres.Sql): Promise<void> {
  for (const table of [
    ...['planning_cells', 'cell_changes', 'cell_commits', 'cell_sessions', 'cell_operations'],
    ...['cell_comments', 'comment_mentions', 'comment_reads'],
  ])
    await owner`ALTER TABLE ${owner(`efir_budget.${table}`)} SET (autovacuum_enabled = false)`
}
