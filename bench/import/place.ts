import { once } from 'node:events'
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { Readable } from 'node:stream'
import type postgres from 'postgres'
import { makeThrowAway } from '../../src/local/throw-away.ts'
import { bundle } from '../../src/migrations/index.ts'
import { startServer, type Server } from '../db/server.ts'

/** A server with one empty budget and two users who are members of its organisation. */
export interface Place {
  readonly server: Server
  readonly owner: postgres.Sql
  readonly database: string
  readonly budget: string
  readonly importer: string
  readonly bystander: string
  /** Another budget of the same organisation. */
  newBudget(): Promise<string>
  /** For files. */
  readonly folder: string
  close(): Promise<void>
}

export async function openPlace(throwAway: boolean): Promise<Place> {
  const directory = makeThrowAway()
  const folder = mkdtempSync(join(tmpdir(), 'cells-import-bench-'))
  const server = await startServer(directory, throwAway)
  const close = async () => {
    await server.stop()
    rmSync(directory, { recursive: true, force: true })
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    const database = 'import'
    await server.createDatabase(database)
    const owner = server.session('postgres', database)
    for (const { up } of bundle) await owner.unsafe(up).simple()
    const [organization, budget, importer, bystander] = Array.from({ length: 4 }, () => randomUUID())
    const superuser = server.session('supabase_admin', database)
    await superuser`INSERT INTO auth.users (id) VALUES (${importer!}), (${bystander!})`
    await owner`INSERT INTO efir_budget.organizations (id, name) VALUES (${organization!}, 'bench')`
    await owner`INSERT INTO efir_budget.user_profiles (user_id, organization_id)
      VALUES (${importer!}, ${organization!}), (${bystander!}, ${organization!})`
    const addBudget = async (id: string) => {
      await owner`INSERT INTO efir_budget.budget_versions (id, organization_id, name)
        VALUES (${id}, ${organization!}, 'bench')`
      return id
    }
    await addBudget(budget!)
    if (!throwAway) await fillLog(superuser)
    return {
      newBudget: () => addBudget(randomUUID()),
      server,
      owner,
      database,
      budget: budget!,
      importer: importer!,
      bystander: bystander!,
      folder,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/**
 * Two checkpoints' worth of the server's log: one that has been running for a while has files of it to write over, and does not make
 * each while somebody waits for a commit.
 */
async function fillLog(superuser: postgres.Sql): Promise<void> {
  for (let part = 0; part < 40; part++)
    await superuser`SELECT pg_logical_emit_message(false, 'bench', repeat('x', 100000000))`
  await superuser`CHECKPOINT`
}

const entityOf = (index: number): string => `0199a3c4-0000-7000-8000-${String(index).padStart(12, '0')}`

/** A table of so many cells, a dozen of each entity. */
export async function writeTable(path: string, cells: number, fraction: string): Promise<void> {
  const file = createWriteStream(path)
  file.write('module,entity,field,period,value\n')
  for (let cell = 0; cell < cells; cell++) {
    const line = `revenue,${entityOf(Math.floor(cell / 12))},tuition_rate_sar,2025-${String((cell % 12) + 1).padStart(2, '0')},${cell}.${fraction}\n`
    if (!file.write(line)) await once(file, 'drain')
  }
  file.end()
  await once(file, 'finish')
}

/** Raw COPY of as many cells into a table with the same columns and indexes; milliseconds. */
export async function copyCells({ owner, budget }: Place, cells: number): Promise<number> {
  const columns = 'budget_version_id, module_code, entity_id, field_name, period_code, value_numeric'
  return await copyRows(
    owner,
    { like: 'planning_cells', columns, rows: cells },
    (cell) => `${budget}\t${keyOf(cell)}\t${cell}.25\n`,
  )
}

/** The same of as many records: what audit writes beside the cells. */
export async function copyRecords({ owner, budget, importer }: Place, cells: number): Promise<number> {
  const columns =
    'id, cell_id, session_id, commit_id, budget_version_id, changed_by, sequence_number, module_code, entity_id, field_name, ' +
    'period_code, new_value, new_version, action, change_type, value_type, changed_at'
  const [session, at] = [randomUUID(), new Date().toISOString()]
  return await copyRows(owner, { like: 'cell_changes', columns, rows: cells }, (cell) => {
    const commit = Math.floor(cell / 5_000)
    const names = `${numberedId(2, cell)}\t${numberedId(1, cell)}\t${session}\t${commit}\t${budget}\t${importer}`
    return `${names}\t${cell % 5_000}\t${keyOf(cell)}\t${cell}.25\t1\tinsert\timport\timported\t${at}\n`
  })
}

const keyOf = (cell: number): string =>
  `revenue\t${entityOf(Math.floor(cell / 12))}\ttuition_rate_sar\t2025-${(cell % 12) + 1}`

const numberedId = (kind: number, index: number): string =>
  `0199a3c4-000${kind}-7000-8000-${index.toString(16).padStart(12, '0')}`

async function copyRows(
  owner: postgres.Sql,
  { like, columns, rows }: { readonly like: string; readonly columns: string; readonly rows: number },
  lineOf: (row: number) => string,
): Promise<number> {
  await owner.unsafe(`CREATE TABLE efir_budget.bench_copy (LIKE efir_budget.${like} INCLUDING ALL)`)
  const lines = function* () {
    for (let row = 0; row < rows;) {
      let text = ''
      for (const end = Math.min(rows, row + 1_000); row < end; row++) text += lineOf(row)
      yield Buffer.from(text)
    }
  }
  const started = performance.now()
  const copy = await owner.unsafe(`COPY efir_budget.bench_copy (${columns}) FROM STDIN`).writable()
  await pipeline(Readable.from(lines()), copy)
  const milliseconds = performance.now() - started
  // Autovacuum would come for it while somebody else is measured.
  await owner.unsafe('DROP TABLE efir_budget.bench_copy')
  return milliseconds
}
