import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type postgres from 'postgres'
import { history } from './log.ts'
import { cellLines, changeLines, commentLines, hostLines, recordLines, userIds, type Lines } from './lines.ts'
import type { Shape } from './shape.ts'

const SCHEMA = 'efir_budget'
const BATCH = 64 * 1024

function* inBatches(rows: Iterable<string>): Generator<string> {
  let batch = ''
  for (const row of rows) {
    batch += row
    if (batch.length < BATCH) continue
    yield batch
    batch = ''
  }
  if (batch !== '') yield batch
}

/** Emptied in the same transaction, the table takes rows that are frozen already, which spares the vacuum a rewrite. */
async function copy(sql: postgres.Sql, { table, columns, rows }: Lines): Promise<void> {
  await sql.begin(async (transaction) => {
    await transaction.unsafe(`TRUNCATE ${SCHEMA}.${table} CASCADE`)
    const query = transaction.unsafe(
      `COPY ${SCHEMA}.${table} (${columns.join(', ')}) FROM STDIN WITH (FREEZE)`,
    )
    await pipeline(Readable.from(inBatches(rows), { objectMode: true }), await query.writable())
  })
}

/** Takes the tables' indexes away and gives what makes them again: filling first and indexing then is several times faster. */
async function withoutIndexes(sql: postgres.Sql): Promise<string[]> {
  const indexes = await sql<{ name: string; definition: string }[]>`
    SELECT format('%I.%I', schemaname, indexname) AS name, indexdef AS definition
    FROM pg_indexes AS listed
    WHERE schemaname = ${SCHEMA} AND NOT EXISTS (
      SELECT FROM pg_constraint AS owned
      WHERE owned.conname = listed.indexname AND owned.connamespace = ${SCHEMA}::regnamespace
    )`
  for (const { name } of indexes) await sql.unsafe(`DROP INDEX ${name}`)
  return indexes.map(({ definition }) => definition)
}

/**
 * Fills a migrated, empty database.
 *
 * @param sql One session, as a superuser: rules, records and foreign keys are passed by, for the data has them by construction.
 * @param kind `record`: the schema up to 014. `given`: 009 alone.
 */
export async function load(
  sql: postgres.Sql,
  shape: Shape,
  kind: 'record' | 'given',
  progress: (message: string) => void,
): Promise<void> {
  await sql`SELECT set_config('session_replication_role', 'replica', false),
    set_config('maintenance_work_mem', '1GB', false), set_config('timezone', 'UTC', false)`
  const indexes = await withoutIndexes(sql)
  await sql`INSERT INTO auth.users (id) SELECT unnest(${`{${userIds(shape).join(',')}}`}::uuid[])`
  for (const lines of hostLines(shape)) await copy(sql, lines)

  const { changes, commits, cells } = history(shape)
  progress(`${kind}: ${shape.changes.toLocaleString('en')} changes`)
  await copy(sql, changeLines(changes, cells, kind === 'record'))
  progress(
    `${kind}: ${shape.cells.toLocaleString('en')} cells, ${shape.comments.toLocaleString('en')} comments`,
  )
  await copy(sql, cellLines(shape, cells))
  await copy(sql, commentLines(shape, cells))
  if (kind === 'record') {
    for (const lines of recordLines(shape, commits)) await copy(sql, lines)
    await sql`SELECT setval(${`${SCHEMA}.cell_commit_ids`}::regclass, ${commits.length})`
  }

  progress(`${kind}: ${indexes.length} indexes`)
  for (const definition of indexes) await sql.unsafe(definition)
  progress(`${kind}: vacuum`)
  await sql.unsafe('VACUUM (FREEZE, ANALYZE)')
}
