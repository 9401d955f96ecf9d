import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { createCells } from '@efir/cells'
import { importCells, type ImportOptions } from '@efir/cells/import'
import { useStack } from '../support/stack.ts'
import { ownFolder } from './support/place.ts'
import { runImport } from './support/run-import.ts'

const stack = await useStack()
const entity = (number: number) => `0199a3c4-0000-7000-8000-${String(number).padStart(12, '0')}`

let organization: { readonly id: string }
beforeAll(async () => {
  organization = await stack.createOrganization()
})

/** Records of which some are no good, some come twice, and some are of cells that are there. */
function table(records: number): string {
  const lines = ['module,entity,field,period,value']
  for (let number = 0; number < records; number++) {
    const period = number % 12
    if (number % 5_000 === 77) lines.push(`m,${entity(number)},bad,p${period},no number`)
    else if (number % 5_000 === 78) lines.push(lines.at(-2) ?? '')
    else lines.push(`m,${entity(Math.floor(number / 12))},f,p${period},${number}.25`)
  }
  return lines.join('\n')
}

async function newBudget(userId: { readonly id: string; readonly email: string }) {
  const { id } = await stack.createBudget({ organization })
  const budget = createCells(stack.signIn(userId)).budget(id)
  const cell = (number: number) => ({ module: 'm', entity: entity(number), field: 'f', period: 'p0' })
  const changes = Array.from({ length: 3_000 }, (_, number) => ({
    cell: cell(number),
    value: -number,
    ifVersion: 0,
  }))
  await budget.writeMany(changes)
  return budget
}

/** What the budget and its log hold, but for ids and times. */
async function dump(budgetVersionId: string) {
  const [state] = await stack.sql<{ cells: string; changes: string; sessions: string[]; count: string }[]>`
    SELECT
      (SELECT md5(string_agg(concat_ws('/', module_code, entity_id, field_name, period_code, value_numeric, version, value_type), E'\n'
        ORDER BY module_code, entity_id, field_name, period_code))
        FROM efir_budget.planning_cells WHERE budget_version_id = ${budgetVersionId}) AS cells,
      (SELECT md5(string_agg(concat_ws('/', module_code, entity_id, field_name, period_code, action, old_value, new_value,
          old_version, new_version, change_type), E'\n'
        ORDER BY module_code, entity_id, field_name, period_code, new_version))
        FROM efir_budget.cell_changes WHERE budget_version_id = ${budgetVersionId}) AS changes,
      (SELECT count(*) FROM efir_budget.cell_changes WHERE budget_version_id = ${budgetVersionId}) AS count,
      (SELECT array_agg(DISTINCT session_id::text) FROM efir_budget.cell_changes
        WHERE budget_version_id = ${budgetVersionId} AND change_type = 'import') AS sessions`
  return state!
}

/** The values alone. */
async function values(budgetVersionId: string) {
  const [state] = await stack.sql<{ cells: string }[]>`
    SELECT md5(string_agg(concat_ws('/', module_code, entity_id, field_name, period_code, value_numeric), E'\n'
      ORDER BY module_code, entity_id, field_name, period_code)) AS cells
    FROM efir_budget.planning_cells
    WHERE budget_version_id = ${budgetVersionId} AND (value_numeric IS NOT NULL OR value_text IS NOT NULL)`
  return state!.cells
}

it.each([
  { lane: 'through the API', records: 100_000, batchSize: 2_000, kills: 20 },
  { lane: 'straight to the database', records: 20_000, batchSize: 1_000, kills: 8 },
])(
  'an import $lane of $records records that is killed $kills times ends as one that is not, and is undone as one step',
  { timeout: 600_000 },
  async ({ lane, records, batchSize, kills }) => {
    const folder = ownFolder()
    const source = join(folder, 'plan.csv')
    writeFileSync(source, table(records))
    const [calm, troubled] = await Promise.all([
      stack.createUser({ organization }),
      stack.createUser({ organization }),
    ])
    const [whole, pieces] = await Promise.all([newBudget(calm), newBudget(troubled)])
    const before = await values(pieces.id)
    const options = { batchSize } satisfies ImportOptions
    const clean = await importCells(whole, source, { ...options, rejects: join(folder, 'clean.csv') })

    const task = {
      target:
        lane === 'through the API'
          ? { url: stack.url, key: stack.anonKey, token: troubled.accessToken, budgetVersionId: pieces.id }
          : { database: stack.databaseUrl, budgetVersionId: pieces.id, actor: troubled.id },
      source,
      options: { ...options, checkpoint: join(folder, 'checkpoint'), rejects: join(folder, 'rejects.csv') },
    }
    let killed = 0
    for (let run = 0; run < kills; run++) {
      const end = await runImport(task, { batches: 1 + (run % 3), after: Math.random() * 250 })
      if (end.report === undefined) killed++
    }
    expect(killed).toBeGreaterThan(kills / 2)
    const { report } = await runImport(task)

    expect(report?.counts).toEqual(clean.counts)
    expect(report).toMatchObject({ records, resumed: true })
    expect(clean.counts).toMatchObject({ invalid: records / 5_000, duplicate: records / 5_000 })
    const [one, other] = await Promise.all([dump(whole.id), dump(pieces.id)])
    expect({ ...other, sessions: [] }).toEqual({ ...one, sessions: [] })
    expect(other.sessions).toEqual([report?.sessionId])
    expect(readFileSync(join(folder, 'rejects.csv'), 'utf8')).toBe(
      readFileSync(join(folder, 'clean.csv'), 'utf8'),
    )

    expect(await pieces.undo()).toMatchObject({ sessionId: report?.sessionId })
    expect(await values(pieces.id)).toBe(before)
  },
)
