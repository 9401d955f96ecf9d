import { compare, partsOf, type Description, type Difference } from '../describe/description.ts'
import type { Query } from '../query.ts'
import { inspectColumn } from './column-repairs.ts'
import { inspectConstraint } from './constraint-repairs.ts'
import { findings, merged, type Findings } from './findings.ts'
import {
  inspectComment,
  inspectGrants,
  inspectIndex,
  inspectPolicy,
  inspectPublication,
  inspectTable,
  inspectTrigger,
} from './object-repairs.ts'
import type { AdoptOptions } from './report.ts'
import { inspectRows } from './row-repairs.ts'

/** Lays the three tables beside what migration 009 makes. Only reads. */
export async function inspect(
  query: Query,
  schema: string,
  wanted: Description,
  found: Description,
  options: AdoptOptions & { replacedLater: (index: string) => boolean },
): Promise<Findings> {
  const differences = compare(wanted, found)
  const all: Findings[] = []
  for (const difference of differences) all.push(await inspectOne(difference))
  all.push(await inspectRows(query, schema), inspectGrants(schema, wanted, differences))
  return emptyingIndexes(schema, merged(all))

  async function inspectOne(difference: Difference): Promise<Findings> {
    const { kind } = partsOf(difference.object)
    if (kind === 'column') return await inspectColumn(query, schema, difference)
    if (kind === 'constraint') return await inspectConstraint(query, schema, difference, wanted, found)
    if (kind === 'index') return inspectIndex(schema, difference, options.replacedLater)
    if (kind === 'policy') return inspectPolicy(schema, difference)
    if (kind === 'trigger') return inspectTrigger(schema, difference, options.triggers ?? 'refuse')
    if (kind === 'table') return inspectTable(schema, difference)
    if (kind === 'publication') return inspectPublication(schema, difference)
    if (kind.startsWith('comment ')) return inspectComment(schema, difference)
    return findings({})
  }
}

/**
 * Filling a column of a large table costs mostly the upkeep of its indexes. Those that a later migration drops and
 * makes anew are emptied first; they keep their names, so that it finds something to drop.
 */
function emptyingIndexes(schema: string, all: Findings): Findings {
  const emptied = all.left.filter((object) =>
    all.columns.some(({ statement }) => statement.startsWith(`UPDATE ${schema}.${partsOf(object).table} `)),
  )
  const drops = emptied.flatMap((object) => {
    const { table, name } = partsOf(object)
    const reason = 'emptied, so that filling the table is quick; a later migration makes it anew'
    return [
      { object, reason, statement: `DROP INDEX ${schema}.${name}` },
      { object, reason, statement: `CREATE INDEX ${name} ON ${schema}.${table} (id) WHERE false` },
    ]
  })
  return { ...all, drops: [...all.drops, ...drops] }
}
