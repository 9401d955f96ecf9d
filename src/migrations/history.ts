import type { PendingIndex } from './indexes.ts'
import { queryText, type Query } from './query.ts'

/** A migration that the database says was applied. */
export type Recorded = {
  readonly name: string
  readonly checksum: string
  /** ISO 8601, UTC. */
  readonly appliedAt: string
  /** How it came to be recorded, where it was not simply applied: an adopted database says so. */
  readonly note: string | undefined
  /** Indexes of it that are still to be built concurrently. */
  readonly pendingIndexes: readonly PendingIndex[]
}

/**
 * The table of what was applied. Row level security without a policy, and nothing granted: default privileges of the
 * schema (Supabase's guide to custom schemas grants everything to the API roles) would otherwise open it.
 */
export function historyTableSql(schema: string): string {
  return `CREATE TABLE IF NOT EXISTS ${schema}.cells_migrations (
  name text PRIMARY KEY,
  checksum text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now(),
  note text,
  pending_indexes jsonb
);
COMMENT ON TABLE ${schema}.cells_migrations IS 'Which migrations of @efir/cells were applied; kept by migrate().';
COMMENT ON COLUMN ${schema}.cells_migrations.pending_indexes IS 'Still to be built concurrently; NULL when done.';
ALTER TABLE ${schema}.cells_migrations ENABLE ROW LEVEL SECURITY;
DO $$
DECLARE
  api_role text;
BEGIN
  REVOKE ALL ON ${schema}.cells_migrations FROM PUBLIC;
  FOR api_role IN
    SELECT rolname FROM pg_catalog.pg_roles WHERE rolname IN ('anon', 'authenticated', 'service_role')
  LOOP
    EXECUTE pg_catalog.format('REVOKE ALL ON ${schema}.cells_migrations FROM %I', api_role);
  END LOOP;
END
$$;
`
}

/** Makes schema and table where they are missing. Only under the lock: IF NOT EXISTS alone loses races. */
export async function createHistory(query: Query, schema: string): Promise<void> {
  // CREATE SCHEMA IF NOT EXISTS asks for the right to create even where the schema exists.
  const exists = await queryText(query, 'SELECT pg_catalog.to_regnamespace($1::text)::text', [schema])
  if (exists === undefined) await query(`CREATE SCHEMA IF NOT EXISTS ${schema}`)
  if (!(await tableExists(query, schema, 'cells_migrations'))) await query(historyTableSql(schema))
}

/** What was applied, in order of application; `undefined` where the table does not exist. */
export async function readHistory(query: Query, schema: string): Promise<readonly Recorded[] | undefined> {
  if (!(await tableExists(query, schema, 'cells_migrations'))) return undefined
  const rows = await query(
    `SELECT name, checksum, note, pending_indexes::text AS pending_indexes,
       pg_catalog.to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS applied_at
     FROM ${schema}.cells_migrations
     ORDER BY name COLLATE "C"`,
  )
  return rows.map((row) => ({
    name: String(row.name),
    checksum: String(row.checksum),
    appliedAt: String(row.applied_at),
    note: typeof row.note === 'string' ? row.note : undefined,
    pendingIndexes:
      typeof row.pending_indexes === 'string' ? (JSON.parse(row.pending_indexes) as PendingIndex[]) : [],
  }))
}

export type NewRecord = {
  readonly name: string
  readonly checksum: string
  readonly note?: string
  readonly pendingIndexes?: readonly PendingIndex[]
}

export async function recordApplied(query: Query, schema: string, record: NewRecord): Promise<void> {
  const pending = record.pendingIndexes ?? []
  await query(
    // The detour by text keeps a driver from encoding the JSON text as JSON once more.
    `INSERT INTO ${schema}.cells_migrations (name, checksum, note, pending_indexes)
     VALUES ($1::text, $2::text, nullif($3::text, ''), nullif($4::text, '')::jsonb)`,
    [record.name, record.checksum, record.note ?? '', pending.length > 0 ? JSON.stringify(pending) : ''],
  )
}

export async function recordIndexed(query: Query, schema: string, name: string): Promise<void> {
  await query(`UPDATE ${schema}.cells_migrations SET pending_indexes = NULL WHERE name = $1::text`, [name])
}

export async function recordReverted(query: Query, schema: string, name: string): Promise<void> {
  await query(`DELETE FROM ${schema}.cells_migrations WHERE name = $1::text`, [name])
}

export async function tableExists(query: Query, schema: string, table: string): Promise<boolean> {
  const found = await queryText(query, 'SELECT pg_catalog.to_regclass($1::text)::text', [
    `${schema}.${table}`,
  ])
  return found !== undefined
}
