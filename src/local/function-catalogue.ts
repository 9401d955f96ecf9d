import type { Pool } from 'pg'

/** A function that can be called without further ado: one of its name, named parameters, one value as its answer. */
export interface PlainFunction {
  /** As SQL names it. */
  readonly name: string
  /** Names as SQL writes them, and types, of its parameters. */
  readonly parameters: ReadonlyMap<string, { readonly name: string; readonly type: string }>
  readonly required: readonly string[]
  readonly returns: 'json' | 'jsonb' | 'void'
  /** PostgREST calls what is not volatile in a transaction that only reads. */
  readonly mayWrite: boolean
}

interface FunctionRow {
  readonly key: string
  readonly name: string
  readonly names: readonly string[]
  readonly quoted: readonly string[]
  readonly types: readonly string[]
  readonly optional: number
  readonly returns: PlainFunction['returns']
  readonly mayWrite: boolean
}

// Functions of one name are told apart by what they are called with: that is left to others, as are results of many rows,
// parameters without a name, those that give something back, and those of any number.
const PLAIN_FUNCTIONS = `
  SELECT
    namespace.nspname || '.' || min(routine.proname) AS key,
    min(format('%I.%I', namespace.nspname, routine.proname)) AS name,
    (array_agg(coalesce(routine.proargnames, '{}')::text))[1]::text[] AS names,
    (
      array_agg(
        ARRAY(
          SELECT quote_ident(parameter) FROM unnest(routine.proargnames) WITH ORDINALITY AS each (parameter, place)
          ORDER BY each.place
        )::text
      )
    )[1]::text[] AS quoted,
    (
      array_agg(
        ARRAY(
          SELECT format_type(type, NULL) FROM unnest(routine.proargtypes) WITH ORDINALITY AS each (type, place)
          ORDER BY each.place
        )::text
      )
    )[1]::text[] AS types,
    min(routine.pronargdefaults) AS optional,
    min(routine.prorettype::regtype::text) AS returns,
    bool_and(routine.provolatile = 'v') AS "mayWrite"
  FROM pg_catalog.pg_proc AS routine
  INNER JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = routine.pronamespace
  WHERE namespace.nspname NOT LIKE 'pg\\_%' AND namespace.nspname <> 'information_schema'
  GROUP BY namespace.nspname, routine.proname
  HAVING count(*) = 1
    AND bool_and(
      routine.prokind = 'f' AND NOT routine.proretset AND routine.provariadic = 0 AND routine.proargmodes IS NULL
      AND routine.prorettype IN ('json'::regtype, 'jsonb'::regtype, 'void'::regtype)
      AND cardinality(coalesce(routine.proargnames, '{}')) = routine.pronargs
      AND NOT '' = ANY (coalesce(routine.proargnames, '{}'))
    )`

/** The functions of a database that can be called without further ado, by schema and name. */
export async function plainFunctions(pool: Pool): Promise<ReadonlyMap<string, PlainFunction>> {
  const { rows } = await pool.query<FunctionRow>(PLAIN_FUNCTIONS)
  return new Map(
    rows.map(({ key, name, names, quoted, types, optional, returns, mayWrite }) => {
      const parameters = names.map(
        (parameter, place) => [parameter, { name: quoted[place] ?? '', type: types[place] ?? '' }] as const,
      )
      const required = names.slice(0, names.length - optional)
      return [key, { name, parameters: new Map(parameters), required, returns, mayWrite }]
    }),
  )
}
