import { chmodSync, mkdtempSync, readdirSync, realpathSync, rmdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lockDirectory, lockLiveness } from './directory-lock.ts'
import { stopOrphan } from './postgres.ts'

const PREFIX = 'efir-cells-'
const UNLOCKED_LIFETIME = 60 * 60 * 1000

/** A new directory in the system's temp folder, for a stack that keeps nothing. */
export function makeThrowAway(): string {
  const directory = mkdtempSync(join(realpathSync(tmpdir()), PREFIX))
  // Where root starts Postgres, another user runs it, and must be let through to its data.
  if (process.getuid?.() === 0) chmodSync(directory, 0o711)
  return directory
}

/**
 * Removes the throw-away directories of stacks whose process was killed together with its watchdog. Only of those: a
 * holder that can't be proven dead (another container that shares the temp folder) keeps its directory.
 */
export async function sweepThrowAways(): Promise<void> {
  const parent = realpathSync(tmpdir())
  for (const name of readdirSync(parent).filter((entry) => entry.startsWith(PREFIX))) {
    const directory = join(parent, name)
    try {
      const liveness = lockLiveness(directory)
      if (liveness === 'none' && Date.now() - statSync(directory).mtimeMs > UNLOCKED_LIFETIME) {
        // Killed between making the directory and locking it; anything inside is not ours to judge.
        rmdirSync(directory)
      }
      if (liveness !== 'dead') continue
      // Under the lock, so that two who sweep do not meet.
      lockDirectory(directory)
      await stopOrphan(join(directory, 'postgres'))
      rmSync(directory, { recursive: true, force: true })
    } catch {
      // Someone else's, or someone else was faster: nothing that should keep this stack from starting.
    }
  }
}
