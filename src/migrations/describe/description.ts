import type { Query } from '../query.ts'
import { catalogSql } from './catalog-sql.ts'

/**
 * What a schema consists of: one entry per object, from `kind name` (`column planning_cells.id`,
 * `policy planning_cells.planning_cells_org_isolation`) to its definition as the server prints it.
 */
export type Description = ReadonlyMap<string, string>

/** Describes a schema. Call it in a transaction: it empties the search_path until the end of that. */
export async function describe(query: Query, schema: string): Promise<Description> {
  await query("SELECT pg_catalog.set_config('search_path', '', true)")
  const rows = await query(catalogSql, [schema])
  return new Map(
    rows
      .map((row): [string, string] => [
        `${String(row.kind)} ${String(row.name)}`.trim(),
        canonical(String(row.definition).trimEnd()),
      ])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
}

/**
 * A list of strings that is compared with a varchar is printed in one way after CREATE, and in another once that
 * print was read in again: after a dump and restore, or by an adoption. Both are told in the second way.
 */
function canonical(definition: string): string {
  const element = "'(?:[^']|'')*'::character varying"
  const list = new RegExp(`\\(ARRAY\\[(${element}(?:, ${element})*)\\]\\)::text\\[\\]`, 'g')
  return definition.replaceAll(
    list,
    (_, elements: string) => `ARRAY[${elements.replaceAll(new RegExp(element, 'g'), '($&)::text')}]`,
  )
}

const marker = '--@ '

/** The text form of a description, as committed in `schema.sql`: stable, and readable in a diff. */
export function formatDescription(description: Description): string {
  return [...description].map(([key, definition]) => `${marker}${key}\n${definition}\n`).join('\n')
}

export function parseDescription(text: string): Description {
  const entries = text.replaceAll('\r\n', '\n').split(/^--@ /m).slice(1)
  return new Map(
    entries.map((entry) => {
      const end = entry.indexOf('\n')
      return [entry.slice(0, end), entry.slice(end + 1).trimEnd()]
    }),
  )
}

/** One object that is not as expected: `expected` is undefined for one too many, `found` for a missing one. */
export type Difference = {
  readonly object: string
  readonly expected: string | undefined
  readonly found: string | undefined
}

export function compare(expected: Description, found: Description): readonly Difference[] {
  const objects = [...new Set([...expected.keys(), ...found.keys()])].sort()
  return objects
    .map((object) => ({ object, expected: expected.get(object), found: found.get(object) }))
    .filter((difference) => difference.expected !== difference.found)
}

/** The table that an entry belongs to (`planning_cells` for one of its columns); undefined for functions and the like. */
export function tableOf(object: string): string | undefined {
  const match =
    /^(?:grant |comment )?(?:table|column|constraint|index|policy|trigger|view) ([^. ]+)(?:\.| |$)/.exec(
      object,
    ) ?? /^publication [^.]+\.([^. ]+)$/.exec(object)
  return match?.[1]
}

/** `column planning_cells.id` → kind `column`, table `planning_cells`, name `id`. */
export function partsOf(object: string): { kind: string; table: string; name: string } {
  const match = /^((?:comment |grant )?\w+) (\w+)(?:\.([\s\S]+))?$/.exec(object)
  return { kind: match?.[1] ?? object, table: match?.[2] ?? '', name: match?.[3] ?? '' }
}
