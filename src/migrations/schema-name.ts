import { MigrationError } from './errors.ts'

/** The schema that the files are written for. */
const defaultSchema = 'efir_budget'

/** Supabase's own schemas, and `public`, where Supabase grants every new table to anon. */
const takenSchemas = new Set(
  `auth cron extensions graphql graphql_public information_schema net pgbouncer pgmq pgsodium pgsodium_masks public
  realtime storage supabase_functions supabase_migrations vault`.split(/\s+/),
)

/** Words that Postgres takes as a name only in quotes (the files name the schema without). */
const reservedWords = new Set(
  `all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case cast
  char character check coalesce collate collation column concurrently constraint create cross current_catalog
  current_date current_role current_schema current_time current_timestamp current_user dec decimal default deferrable
  desc distinct do else end except exists extract false fetch float for foreign freeze from full grant greatest group
  grouping having ilike in initially inner inout int integer intersect interval into is isnull join json json_array
  json_arrayagg json_exists json_object json_objectagg json_query json_scalar json_serialize json_table json_value
  lateral leading least left like limit localtime localtimestamp merge_action national natural nchar none normalize
  not notnull null nullif numeric offset on only or order out outer overlaps overlay placing position precision primary
  real references returning right row select session_user setof similar smallint some substring symmetric system_user
  table tablesample then time timestamp to trailing treat trim true union unique user using values varchar variadic
  verbose when where window with xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi
  xmlroot xmlserialize xmltable`.split(/\s+/),
)

/** Gives the name back if the migrations can be rendered for it, and throws `invalid_schema` otherwise. */
export function checkedSchema(name: string = defaultSchema): string {
  const refuse = (why: string) =>
    new MigrationError('invalid_schema', `The schema name ${JSON.stringify(name)} cannot be used: ${why}.`)
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(name)) {
    throw refuse('it must be 1 to 63 lower-case letters, digits and underscores, and not begin with a digit')
  }
  if (name.startsWith('pg_')) throw refuse('names that begin with pg_ are for the server')
  if (takenSchemas.has(name)) throw refuse('that schema is for something else')
  if (reservedWords.has(name)) throw refuse('it is a reserved word of SQL')
  return name
}

/** The text of a migration for another schema: every whole word `efir_budget` is replaced, in bodies and strings too. */
export function forSchema(text: string, schema: string): string {
  return schema === defaultSchema ? text : text.replaceAll(/\befir_budget\b/g, schema)
}
