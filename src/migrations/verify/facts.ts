import { describe, type Description } from '../describe/description.ts'
import { queryText, rehearsal, type Query } from '../query.ts'
import { migrationStatus, type MigrationStatus } from '../status.ts'

/** All that the checks look at; they ask the database nothing themselves. */
export type Facts = {
  readonly schema: string
  readonly status: MigrationStatus
  /** What a database migrated by this version consists of; the host's own tables are not in it. */
  readonly expected: Description
  readonly found: Description
  /** The major version of Postgres that `expected` was printed by, and that of this server. */
  readonly expectedServer: number
  readonly server: number
  /** Tables of the schema in the publication, by whatever way (`FOR ALL TABLES` too). */
  readonly published: readonly string[]
  /** Realtime's own schema; undefined where there is none. */
  readonly realtime: { readonly isProtected: boolean } | undefined
  /** PostgREST's list of schemas, where it is set in the database and to be seen. */
  readonly exposedSchemas: readonly string[] | undefined
  /** Who owns our tables and functions. */
  readonly owners: readonly string[]
}

/** Reads only; what it sets is rolled back. */
export async function gatherFacts(
  query: Query,
  schema: string,
  expected: Description,
  expectedServer: number,
): Promise<Facts> {
  const status = await migrationStatus(query, { schema })
  return await rehearsal(query, async () => {
    const found = await describe(query, schema)
    return {
      schema,
      status,
      expected,
      found,
      expectedServer,
      server: Math.floor(
        Number(await queryText(query, "SELECT pg_catalog.current_setting('server_version_num')")) / 10_000,
      ),
      published: await publishedTables(query, schema),
      realtime: await realtimeOf(query),
      exposedSchemas: await exposedSchemas(query),
      owners: await ownersOf(query, schema, expected),
    }
  })
}

async function publishedTables(query: Query, schema: string): Promise<string[]> {
  const rows = await query(
    `SELECT tablename::text AS name FROM pg_catalog.pg_publication_tables
     WHERE pubname = 'supabase_realtime' AND schemaname = $1::text ORDER BY 1`,
    [schema],
  )
  return rows.map((row) => String(row.name))
}

async function realtimeOf(query: Query): Promise<Facts['realtime']> {
  const secured = await queryText(
    query,
    `SELECT relrowsecurity::text FROM pg_catalog.pg_class
     WHERE oid = pg_catalog.to_regclass('realtime.messages')`,
  )
  return secured === undefined ? undefined : { isProtected: secured === 'true' }
}

async function exposedSchemas(query: Query): Promise<string[] | undefined> {
  const setting = await queryText(
    query,
    `SELECT pg_catalog.split_part(setting, '=', 2)
     FROM pg_catalog.pg_db_role_setting AS stored, LATERAL pg_catalog.unnest(stored.setconfig) AS setting
     WHERE stored.setrole = pg_catalog.to_regrole('authenticator') AND setting LIKE 'pgrst.db\\_schemas=%'
       AND (stored.setdatabase = 0 OR stored.setdatabase = (
         SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))
     ORDER BY stored.setdatabase = 0 LIMIT 1`,
  )
  return setting?.split(',').map((name) => name.trim().replaceAll('"', ''))
}

async function ownersOf(query: Query, schema: string, expected: Description): Promise<string[]> {
  const tables = [...expected.keys()].filter((key) => key.startsWith('table ')).map((key) => key.slice(6))
  const functions = [...expected.keys()]
    .filter((key) => key.startsWith('function '))
    .map((key) => key.slice('function '.length, key.indexOf('(')))
  // Names travel as one text: how a driver passes arrays is its own affair.
  const rows = await query(
    `SELECT DISTINCT owner FROM (
       SELECT pg_catalog.pg_get_userbyid(class.relowner)::text AS owner FROM pg_catalog.pg_class AS class
       WHERE class.relnamespace = pg_catalog.to_regnamespace($1::text)
         AND class.relname = ANY (pg_catalog.string_to_array($2::text, ','))
       UNION ALL
       SELECT pg_catalog.pg_get_userbyid(proc.proowner)::text FROM pg_catalog.pg_proc AS proc
       WHERE proc.pronamespace = pg_catalog.to_regnamespace($1::text)
         AND proc.proname = ANY (pg_catalog.string_to_array($3::text, ','))
     ) AS owned ORDER BY 1`,
    [schema, tables.join(','), [...new Set(functions)].join(',')],
  )
  return rows.map((row) => String(row.owner))
}
