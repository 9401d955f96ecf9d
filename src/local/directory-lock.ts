import { randomUUID } from 'node:crypto'
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LocalStackError } from './errors.ts'
import { identifyProcess, livenessOf, type Liveness, type ProcessIdentity } from './process-identity.ts'

const LOCK_NAME = 'stack.lock'

interface LockContent {
  readonly id: string
  readonly holder: ProcessIdentity
}

export interface DirectoryLock {
  release(): void
}

function readLock(path: string): LockContent | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as LockContent
  } catch {
    return undefined
  }
}

/** Whether a stack holds the directory: `none` when nothing ever locked it. */
export function lockLiveness(directory: string): Liveness | 'none' {
  const content = readLock(join(directory, LOCK_NAME))
  return content === undefined ? 'none' : livenessOf(content.holder)
}

// A hard link appears with its content, or not at all: nobody ever reads half a lock.
function createWhole(path: string, content: LockContent): boolean {
  const draft = `${path}.${randomUUID()}`
  writeFileSync(draft, JSON.stringify(content), { mode: 0o600 })
  try {
    linkSync(draft, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    rmSync(draft, { force: true })
  }
}

/**
 * Replaces a dead holder's lock. Of all who saw the same dead lock only the one with the claim on it may
 * replace it, and only after looking again: without that, the second of two would remove the first one's lock.
 */
function replaceDead(path: string, dead: LockContent, mine: LockContent): boolean {
  const claim = `${path}.claim-${dead.id}`
  if (!createWhole(claim, mine)) {
    const claimant = readLock(claim)
    if (claimant !== undefined && livenessOf(claimant.holder) !== 'alive') rmSync(claim, { force: true })
    return false
  }
  try {
    if (readLock(path)?.id !== dead.id) return false
    const draft = `${path}.${mine.id}`
    writeFileSync(draft, JSON.stringify(mine), { mode: 0o600 })
    renameSync(draft, path)
    return true
  } finally {
    rmSync(claim, { force: true })
  }
}

/**
 * Takes the directory for this process, from a dead holder too. One process may hold it once: a second
 * stack on the directory in the same process is refused like any other.
 *
 * @throws LocalStackError `directory_in_use`
 */
export function lockDirectory(directory: string): DirectoryLock {
  const path = join(directory, LOCK_NAME)
  const mine: LockContent = { id: randomUUID(), holder: identifyProcess() }
  for (let attempt = 0; attempt < 100; attempt += 1) {
    if (createWhole(path, mine)) return releaser(path, mine)
    const current = readLock(path)
    if (current === undefined) continue
    if (livenessOf(current.holder) === 'alive') {
      throw new LocalStackError(
        'directory_in_use',
        `The directory ${directory} is in use by the local stack of process ${current.holder.pid}. ` +
          'Stop that one first, or use another directory.',
      )
    }
    if (replaceDead(path, current, mine)) return releaser(path, mine)
  }
  throw new LocalStackError(
    'directory_in_use',
    `The directory ${directory} is being taken by other processes at this moment. Try again.`,
  )
}

function releaser(path: string, mine: LockContent): DirectoryLock {
  return {
    release() {
      if (readLock(path)?.id === mine.id) rmSync(path, { force: true })
    },
  }
}
