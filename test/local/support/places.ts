import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { expect, onTestFinished, vi } from 'vitest'
import { processesWith, type StackProgram } from './program.ts'

function temporary(prefix: string): string {
  const path = mkdtempSync(join(realpathSync(tmpdir()), prefix))
  // A Postgres whose program was killed at the end of the test may still be writing.
  onTestFinished(() =>
    eventually(() => {
      rmSync(path, { recursive: true, force: true })
      expect(existsSync(path)).toBe(false)
    }),
  )
  return path
}

/** A directory for a stack, in a folder whose name is no identifier. */
export const somewhere = (): string => join(temporary('cells essai à-'), 'Données du stack')

/** A temp folder of the test's own, so that its stacks and sweeps see nobody else's. */
export const ownTemp = (): { readonly TMPDIR: string } => ({ TMPDIR: temporary('cells-temp-') })

/** Runs SQL on a connection of its own. */
export async function query<T>(databaseUrl: string, text: string): Promise<T[]> {
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => undefined })
  try {
    return (await sql.unsafe(text)) as unknown as T[]
  } finally {
    await sql.end()
  }
}

/** Commits a row, to be found again with {@link keptRows}. */
export const keep = (databaseUrl: string, id: number): Promise<unknown> =>
  query(databaseUrl, `CREATE TABLE IF NOT EXISTS kept (id integer); INSERT INTO kept VALUES (${id})`)

export const keptRows = (databaseUrl: string): Promise<{ id: number }[]> =>
  query(databaseUrl, 'SELECT id FROM kept ORDER BY id')

/** The process id of the directory's Postgres. */
export const postmaster = (directory: string): number =>
  Number(readFileSync(join(directory, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0])

export const runs = (pid: number): boolean => processesWith('postgres').includes(pid)

/** Kills the process and what would clean up after it: a power cut, but for the Postgres that is left. */
export async function killWithWatchdog(program: StackProgram, directory: string): Promise<void> {
  const watchdogs = processesWith('cells-watchdog', directory)
  expect(watchdogs).toHaveLength(1)
  for (const pid of watchdogs) process.kill(pid, 'SIGKILL')
  await program.kill('SIGKILL')
}

/** What the watchdog does is done a moment after its process has ended. */
export const eventually = (check: () => void): Promise<void> =>
  vi.waitFor(check, { timeout: 20_000, interval: 200 })
