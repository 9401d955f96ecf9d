import type { Query } from '../query.ts'
import { countIfPossible } from './column-repairs.ts'
import { findings, type Findings } from './findings.ts'

/** What the form of the tables allows in a row, and the library does not. */
export async function inspectRows(query: Query, schema: string): Promise<Findings> {
  const cells = `${schema}.planning_cells`
  const both = 'value_numeric IS NOT NULL AND value_text IS NOT NULL'
  // Where a column is missing, or holds what it should not, that is said of the column.
  const holdingBoth = (await countIfPossible(query, cells, both)) ?? 0
  const unversioned = (await countIfPossible(query, cells, 'version::numeric < 1')) ?? 0
  const object = 'rows of planning_cells'
  return findings({
    // Version 0 means to a writer that there is no such cell yet.
    columns:
      unversioned === 0
        ? []
        : [
            {
              object,
              reason: `${unversioned} cells had a version below 1`,
              statement: `UPDATE ${cells} SET version = 1 WHERE version < 1`,
            },
          ],
    // The next write to such a cell would drop one of the two.
    obstacles:
      holdingBoth === 0
        ? []
        : [
            {
              object,
              message: `${holdingBoth} cells hold a number and a text at once`,
              hint: `A cell holds one of them. Look at them, and empty one: SELECT * FROM ${cells} WHERE ${both}`,
            },
          ],
  })
}
