import { bundle } from './bundle.ts'
import { checksum } from './checksum.ts'
import { historyTableSql } from './history.ts'
import { checkedSchema, forSchema } from './schema-name.ts'

/** Settings of {@link renderSql}. */
export type RenderOptions = {
  /** The schema to render for. Default `efir_budget`. */
  schema?: string | undefined
  /** Also the host's own tables. Default `false`. */
  host?: boolean | undefined
  /** Which way. Default `up`. */
  direction?: 'up' | 'down' | undefined
}

/** One migration as SQL for another tool. */
export type RenderedMigration = {
  readonly name: string
  /** Runs by itself, without a transaction of its own, and records in `cells_migrations` what it did. */
  readonly sql: string
}

/**
 * The migrations as SQL for some other tool to apply, in the order in which to apply them. Each also keeps the record
 * that `migrate`, `migrationStatus` and `verify` read, so tools can be changed later.
 *
 * @example
 * ```ts
 * import { writeFile } from 'node:fs/promises'
 * import { renderSql } from '@efir/cells/migrations'
 *
 * for (const { name, sql } of await renderSql({ schema: 'plan' })) await writeFile(`${name}.sql`, sql)
 * ```
 */
export async function renderSql(options: RenderOptions = {}): Promise<readonly RenderedMigration[]> {
  const schema = checkedSchema(options.schema)
  const wanted = bundle.filter(({ optional }) => optional === undefined || options.host === true)
  if (options.direction === 'down')
    return wanted.toReversed().map(({ name, down }) => renderDown(schema, name, down))
  return await Promise.all(
    wanted.map(async ({ name, up }, index) => {
      const sum = await checksum(up)
      const parts = [
        header(name, sum),
        forSchema(up, schema).trim(),
        ...(index === 0 ? [historyTableSql(schema).trim()] : []),
        `INSERT INTO ${schema}.cells_migrations (name, checksum)\nVALUES ('${name}', '${sum}');`,
        "NOTIFY pgrst, 'reload schema';",
      ]
      return { name, sql: `${parts.join('\n\n')}\n` }
    }),
  )
}

function renderDown(schema: string, name: string, down: string): RenderedMigration {
  const parts = [
    `-- Takes back ${name} of @efir/cells. Drops what it made, with all rows.`,
    forSchema(down, schema).trim(),
    `DELETE FROM ${schema}.cells_migrations WHERE name = '${name}';`,
    "NOTIFY pgrst, 'reload schema';",
  ]
  return { name, sql: `${parts.join('\n\n')}\n` }
}

const header = (name: string, sum: string) =>
  `-- ${name} of @efir/cells (sha256 ${sum}).\n-- Written by "efir-cells migrate sql". Do not edit: "verify" compares databases with it.`

/** One migration as a file for the Supabase CLI. */
export type MigrationFile = {
  readonly fileName: string
  readonly sql: string
  /** `new`: to be written; `present`: there already, whatever its timestamp. */
  readonly state: 'new' | 'present'
}

/**
 * Names rendered migrations for a folder of the Supabase CLI, `supabase/migrations`. Timestamps are fixed by the
 * migration's number, so that everybody gets the same; where the folder has later files already, they follow those,
 * because the CLI refuses to apply a file that is older than the newest applied one. A migration that is in the folder
 * keeps its file.
 */
export function supabaseFiles(
  rendered: readonly RenderedMigration[],
  existing: readonly string[],
): readonly MigrationFile[] {
  const present = new Map(
    existing.flatMap((fileName) => {
      const [, name] = /^\d+_efir_cells_(.+)\.sql$/.exec(fileName) ?? []
      return name === undefined ? [] : [[name, fileName] as const]
    }),
  )
  let last = existing.reduce((newest, fileName) => {
    const stamp = /^(\d{14})_/.exec(fileName)?.[1] ?? ''
    return stamp > newest ? stamp : newest
  }, '')
  return rendered.map(({ name, sql }) => {
    const fileName = present.get(name)
    if (fileName !== undefined) return { fileName, sql, state: 'present' }
    const fixed = fixedStamp(name)
    last = fixed > last ? fixed : secondAfter(last)
    return { fileName: `${last}_efir_cells_${name}.sql`, sql, state: 'new' }
  })
}

/** `009_…` → 2026-01-01 00:09:00. Early, so that few files of an application come after it by accident. */
function fixedStamp(name: string): string {
  const number = Number(name.slice(0, 3))
  return stampOf(new Date(Date.UTC(2026, 0, 1, 0, number, 0)))
}

function secondAfter(stamp: string): string {
  const [, ...parts] = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})$/.exec(stamp) ?? []
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts.map(Number)
  return stampOf(new Date(Date.UTC(year, month - 1, day, hour, minute, second + 1)))
}

const stampOf = (date: Date) => date.toISOString().replaceAll(/[-:T]|\..*/g, '')
