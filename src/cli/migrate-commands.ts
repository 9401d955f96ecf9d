import { readdir, readFile, writeFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import {
  migrateDown,
  migrate,
  migrationStatus,
  renderSql,
  supabaseFiles,
  verify,
  type AdoptOptions,
} from '../migrations/index.ts'
import { CommandError, exitCodes } from './exit-codes.ts'
import type { Run } from './command.ts'
import { openSession, type Session } from './session.ts'
import { migrateWords, progressWords, statusWords, verifyWords } from './words.ts'

export type UpOptions = {
  readonly host?: boolean
  readonly concurrently?: boolean
  readonly dryRun?: boolean
  readonly lockTimeout?: number
} & AdoptOptions

export async function runUp({
  options,
  settings: { databaseUrl },
  io,
  output,
}: Run<UpOptions>): Promise<number> {
  const { duplicates, triggers, dryRun = false, concurrently = false } = options
  return await withSession(databaseUrl, async ({ query }) => {
    // The connection is ours; behind a pooler in transaction mode the setting would stay with somebody else's.
    if (concurrently && !isTransactionPooler(databaseUrl)) await query('SET statement_timeout = 0')
    const result = await migrate(query, {
      ...(options.schema === undefined ? {} : { schema: options.schema }),
      ...(options.lockTimeout === undefined ? {} : { lockTimeout: options.lockTimeout }),
      host: options.host ?? false,
      concurrently,
      dryRun,
      signal: io.signal,
      adopt: { ...(duplicates && { duplicates }), ...(triggers && { triggers }) },
      onProgress: (event) => output.progress(progressWords(event)),
    })
    output.result(result, migrateWords(result, dryRun))
    return (result.adoption?.obstacles.length ?? 0) > 0 ? exitCodes.refused : exitCodes.ok
  })
}

/** Supavisor's port for transaction mode. */
const isTransactionPooler = (databaseUrl: string | undefined) => /:6543\b/.test(databaseUrl ?? '')

export type DownOptions = {
  readonly to: string
  readonly acceptDataLoss?: boolean
  readonly lockTimeout?: number
}

export async function runDown({
  options,
  settings: { databaseUrl },
  io,
  output,
}: Run<DownOptions>): Promise<number> {
  return await withSession(databaseUrl, async ({ query }) => {
    const result = await migrateDown(query, {
      schema: options.schema,
      to: options.to === 'nothing' ? null : options.to,
      dataLoss: options.acceptDataLoss === true ? 'accept' : 'refuse',
      lockTimeout: options.lockTimeout,
      signal: io.signal,
    })
    output.result(result, [
      ...result.reverted.map((name) => `took back ${name}`),
      ...result.lost.map((what) => `lost ${what}`),
      `${result.schema} has ${result.current.length} migrations left.`,
    ])
    return exitCodes.ok
  })
}

export async function runStatus({
  options,
  settings: { databaseUrl },
  output,
}: Run<object>): Promise<number> {
  return await withSession(databaseUrl, async ({ query }) => {
    const status = await migrationStatus(query, { schema: options.schema })
    output.result(status, statusWords(status))
    if (status.state === 'current') return exitCodes.ok
    return status.state === 'ahead' || status.state === 'contradiction'
      ? exitCodes.contradiction
      : exitCodes.pending
  })
}

export async function runVerify({
  options,
  settings: { databaseUrl },
  output,
}: Run<{ readonly strict?: boolean }>): Promise<number> {
  return await withSession(databaseUrl, async ({ query }) => {
    const result = await verify(query, { schema: options.schema })
    output.result(result, verifyWords(result))
    const isFine = options.strict === true ? result.checks.every(({ ok }) => ok) : result.ok
    return isFine ? exitCodes.ok : exitCodes.notVerified
  })
}

export type SqlOptions = {
  readonly out?: string
  readonly host?: boolean
  readonly direction?: 'up' | 'down'
  readonly force?: boolean
}

export async function runSql({ options, output }: Run<SqlOptions>): Promise<number> {
  const rendered = await renderSql(options)
  if (options.out === undefined) {
    const text = ['BEGIN;', ...rendered.map(({ sql }) => sql), 'COMMIT;'].join('\n\n')
    output.result(rendered, [text])
    return exitCodes.ok
  }
  if (options.direction === 'down') {
    throw new CommandError('usage', 'The Supabase CLI only goes up: --out takes no --direction down.')
  }

  const folder = options.out
  await mkdir(folder, { recursive: true })
  const done: { file: string; state: string }[] = []
  for (const { fileName, sql, state } of supabaseFiles(rendered, await readdir(folder))) {
    const path = join(folder, fileName)
    const isSame = state === 'present' && (await readFile(path, 'utf8')) === sql
    const isKept = state === 'present' && !isSame && options.force !== true
    if (!isSame && !isKept) await writeFile(path, sql)
    done.push({ file: path, state: isSame ? 'unchanged' : isKept ? 'differs' : 'written' })
  }
  output.result(
    done,
    done.map(({ file, state }) => `${state.padEnd(9)}  ${file}`),
  )
  if (done.every(({ state }) => state !== 'differs')) return exitCodes.ok
  throw new CommandError(
    'failed',
    'Files that differ were left alone. Released migrations never change: see what edited them, or write over them with --force.',
  )
}

async function withSession(
  databaseUrl: string | undefined,
  work: (session: Session) => Promise<number>,
): Promise<number> {
  if (databaseUrl === undefined || databaseUrl === '') {
    throw new CommandError('usage', 'Which database? Give --db-url, or set SUPABASE_DB_URL or DATABASE_URL.')
  }
  const session = await openSession(databaseUrl)
  try {
    return await work(session)
  } finally {
    await session.close()
  }
}
