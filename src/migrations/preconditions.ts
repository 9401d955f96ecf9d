import { MigrationError } from './errors.ts'
import { tableExists } from './history.ts'
import { queryText, type Query } from './query.ts'

/** Refuses early, and in words, what would fail in the middle of a file with a riddle. */
export async function checkServer(query: Query): Promise<void> {
  const version = Number(await queryText(query, "SELECT pg_catalog.current_setting('server_version_num')"))
  if (version >= 150_000) return
  throw new MigrationError(
    'unsupported_server',
    `The server is Postgres ${Math.floor(version / 10_000)}; 15 or later is needed (unique keys with NULLS NOT DISTINCT).`,
  )
}

/** Refuses `host: true` where somebody else made the host's tables. */
export async function checkNoHost(query: Query, schema: string, file: string): Promise<void> {
  for (const table of ['organizations', 'budget_versions', 'user_profiles']) {
    if (!(await tableExists(query, schema, table))) continue
    throw new MigrationError(
      'host_exists',
      `${schema}.${table} exists already, and not from 000_host. Leave out the host option.`,
      { file },
    )
  }
}

/** Refuses where the tables that planning cells lean on are missing. */
export async function checkHost(query: Query, schema: string): Promise<void> {
  const rows = await query(
    `SELECT needed.table_name || '.' || needed.column_name AS missing
     FROM (VALUES ('budget_versions', 'id'), ('budget_versions', 'organization_id'), ('budget_versions', 'deleted_at'),
       ('user_profiles', 'user_id'), ('user_profiles', 'organization_id')) AS needed (table_name, column_name)
     WHERE NOT EXISTS (
       SELECT FROM pg_catalog.pg_attribute AS attribute
       WHERE attribute.attrelid = pg_catalog.to_regclass($1::text || '.' || needed.table_name)
         AND attribute.attname = needed.column_name AND NOT attribute.attisdropped
     )`,
    [schema],
  )
  if (rows.length === 0) return
  throw new MigrationError(
    'host_missing',
    `The application's own tables are missing in ${schema}: ${rows.map((row) => String(row.missing)).join(', ')}. ` +
      'Provide them, or let migrate make them with the host option.',
  )
}
