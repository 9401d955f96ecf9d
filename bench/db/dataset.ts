import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type postgres from 'postgres'
import { lockDirectory } from '../../src/local/directory-lock.ts'
import { stopOrphan } from '../../src/local/postgres.ts'
import { makeThrowAway } from '../../src/local/throw-away.ts'
import { bundle, type Migration } from '../../src/migrations/index.ts'
import { load } from '../data/load.ts'
import { shapeOf, type Shape } from '../data/shape.ts'
import type { SuiteContext } from '../suite.ts'
import { startServer, type Login, type Server } from './server.ts'

/** To be moved with every change of what the generator makes. */
const GENERATOR = 2
/** The last migration whose tables the generator fills. Later ones are applied to what it made, as at a customer's. */
const FILLED = '014_lean_indexes'
/** Below this size the data is made for one run only. */
const KEPT_FROM = 0.01
const PREFIX = 'cells-bench-'
/** A file in each kept directory; its time says when that was used last. */
const MARK = 'ready'
const UNUSED_FOR = 24 * 60 * 60 * 1000

/** `cells`: every migration. `naive`: the same cells in the tables of 009 alone. */
const DATABASES = { cells: 'record', naive: 'given' } as const
export type DatabaseName = keyof typeof DATABASES

export interface Dataset {
  readonly shape: Shape
  session(login: Login, database: DatabaseName): postgres.Sql
  close(): Promise<void>
}

const numberOf = ({ name }: Migration): number => Number(name.slice(0, 3))
const upTo = (last: number): Migration[] => bundle.filter((migration) => numberOf(migration) <= last)
const LAST_FILLED = Number(FILLED.slice(0, 3))
const GIVEN = 9

async function apply(server: Server, database: string, migrations: readonly Migration[]): Promise<void> {
  const owner = server.session('postgres', database)
  for (const { name, up } of migrations) {
    await owner
      .unsafe(up)
      .simple()
      .catch((cause: unknown) => {
        throw new Error(`${name} could not be applied to the bench's data: ${String(cause)}`, { cause })
      })
  }
  await owner.end()
}

/** Removes a kept directory, unless a bench is running on it. */
async function remove(directory: string): Promise<void> {
  try {
    lockDirectory(directory)
  } catch {
    return
  }
  await stopOrphan(join(directory, 'postgres'))
  rmSync(directory, { recursive: true, force: true })
}

/** Where the data of this size and these migrations is kept. What others left there and no longer use is removed. */
async function keptDirectory(scale: number, fresh: boolean): Promise<string> {
  const texts = upTo(LAST_FILLED).map(({ up }) => up)
  const key = createHash('sha256')
    .update(JSON.stringify([GENERATOR, texts]))
    .digest('hex')
    .slice(0, 12)
  const parent = realpathSync(tmpdir())
  const directory = join(parent, `${PREFIX}${scale}-${key}`)
  for (const found of readdirSync(parent).filter((name) => name.startsWith(PREFIX))) {
    const path = join(parent, found)
    const used = statSync(join(path, MARK), { throwIfNoEntry: false })?.mtimeMs
    const keep =
      path === directory ? !fresh && used !== undefined : used !== undefined && Date.now() - used < UNUSED_FOR
    if (!keep) await remove(path)
  }
  mkdirSync(directory, { recursive: true, mode: 0o755 })
  return directory
}

/** Made when a run first needs it, and under another name until it is whole. */
async function keep(
  server: Server,
  superuser: postgres.Sql,
  database: DatabaseName,
  shape: Shape,
  progress: (message: string) => void,
): Promise<void> {
  const [kept] = await superuser`SELECT FROM pg_database WHERE datname = ${`kept_${database}`}`
  if (kept !== undefined) return
  progress(`generating the data of ${database}, once`)
  await superuser.unsafe(`DROP DATABASE IF EXISTS half_${database} WITH (FORCE)`)
  await server.createDatabase(`half_${database}`)
  const kind = DATABASES[database]
  await apply(server, `half_${database}`, upTo(kind === 'given' ? GIVEN : LAST_FILLED))
  const loader = server.session('supabase_admin', `half_${database}`)
  await load(loader, shape, kind, progress)
  await loader.end()
  await superuser.unsafe(`ALTER DATABASE half_${database} RENAME TO kept_${database}`)
}

/** The data, in databases of this run's own: what it writes does not meet the next run. */
export async function openDataset(
  { scale, fresh, progress }: SuiteContext,
  databases: readonly DatabaseName[],
): Promise<Dataset> {
  const shape = shapeOf(scale)
  const throwAway = scale < KEPT_FROM
  const directory = throwAway ? makeThrowAway() : await keptDirectory(scale, fresh)
  const server = await startServer(directory, throwAway)
  try {
    writeFileSync(join(directory, MARK), '')
    const superuser = server.session('supabase_admin', 'postgres')
    const drop = async () => {
      for (const database of Object.keys(DATABASES)) {
        await superuser.unsafe(`DROP DATABASE IF EXISTS run_${database} WITH (FORCE)`)
      }
    }
    await drop()
    for (const database of databases) {
      await keep(server, superuser, database, shape, progress)
      progress(`copying the data of ${database} for this run`)
      await superuser.unsafe(
        `CREATE DATABASE run_${database} TEMPLATE kept_${database} OWNER postgres STRATEGY file_copy`,
      )
    }
    const later = bundle.filter((migration) => numberOf(migration) > LAST_FILLED)
    progress(`applying ${later.length} more migrations`)
    await apply(server, 'run_cells', later)
    progress('vacuum, checkpoint')
    // What autovacuum and the checkpointer would do in the midst of the first rows.
    const inside = server.session('supabase_admin', 'run_cells')
    await inside.unsafe('VACUUM (ANALYZE) efir_budget.cell_comments')
    await inside.unsafe('CHECKPOINT')
    await inside.end()
    return {
      shape,
      session: (login, database) => server.session(login, `run_${database}`),
      async close() {
        await drop()
        await server.stop()
      },
    }
  } catch (error) {
    await server.stop()
    throw error
  }
}
