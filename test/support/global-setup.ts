import postgres from 'postgres'
import type { TestProject } from 'vitest/node'
import type { SupabaseCoordinates } from '../../src/local/index.ts'
import { openBroker } from './broker.ts'
import { coordinatesFrom } from './environment.ts'

export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const coordinates = coordinatesFrom(process.env)
  if (coordinates !== undefined) {
    await check(coordinates)
    project.provide('cells', { kind: 'remote', coordinates })
    return () => Promise.resolve()
  }
  const broker = await openBroker()
  project.provide('cells', { kind: 'local', broker: broker.url })
  return () => broker.close()
}

/** Says what is missing once, in words, rather than by every test in riddles. */
async function check({ url, anonKey, databaseUrl }: SupabaseCoordinates): Promise<void> {
  const sql = postgres(databaseUrl, { max: 1, prepare: false, connect_timeout: 10 })
  try {
    const [row] = await sql<{ ready: boolean }[]>`
      SELECT to_regclass('efir_budget.planning_cells') IS NOT NULL
        AND to_regclass('efir_budget.organizations') IS NOT NULL AS ready`
    if (row?.ready !== true) {
      throw new Error(
        'CELLS_TEST_DATABASE_URL has no schema efir_budget: apply the migrations (with 000_host) first.',
      )
    }
  } finally {
    await sql.end()
  }
  const response = await fetch(`${url}/rest/v1/planning_cells?limit=0`, {
    headers: { apikey: anonKey, 'accept-profile': 'efir_budget' },
  })
  if (response.status === 406) {
    throw new Error(
      'CELLS_TEST_URL does not expose the schema efir_budget: add it to the exposed schemas of the API.',
    )
  }
}
