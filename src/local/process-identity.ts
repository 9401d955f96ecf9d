import { execFileSync } from 'node:child_process'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/**
 * What tells one process from another for good. A process id alone does not: ids are used again, and a
 * container counts its own.
 */
export interface ProcessIdentity {
  readonly pid: number
  /** When the process started, in whatever unit the platform counts; only ever compared for equality. */
  readonly startedAt: string | undefined
  /** The machine since its last boot, and the id space; two identities of different scopes can't be compared. */
  readonly scope: { readonly host: string; readonly boot: string; readonly namespace: string }
}

export type Liveness = 'alive' | 'dead' | 'unknown'

function readOr(fallback: string, read: () => string): string {
  try {
    return read().trim()
  } catch {
    return fallback
  }
}

function startOf(pid: number): string | undefined {
  if (process.platform === 'linux') {
    const stat = readOr('', () => readFileSync(`/proc/${pid}/stat`, 'utf8'))
    // The third field and on, behind the command's closing bracket: the command may hold spaces and brackets.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // A zombie has ended; it waits for a parent that may never ask.
    return fields[0] === 'Z' ? undefined : fields[19]
  }
  if (process.platform === 'win32') return undefined
  const start = readOr('', () =>
    execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }),
  )
  return start === '' ? undefined : start
}

function currentScope(): ProcessIdentity['scope'] {
  return {
    host: hostname(),
    boot: readOr('', () => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')),
    namespace: readOr('', () => readlinkSync('/proc/self/ns/pid')),
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it runs, and belongs to someone else.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Empty when there is no such process, or when it has ended and is not buried yet. */
export function commandLineOf(pid: number): string {
  if (process.platform === 'win32') return ''
  return process.platform === 'linux'
    ? readOr('', () => readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '))
    : readOr('', () => execFileSync('ps', ['-ww', '-o', 'args=', '-p', String(pid)], { encoding: 'utf8' }))
}

export function identifyProcess(pid: number = process.pid): ProcessIdentity {
  return { pid, startedAt: startOf(pid), scope: currentScope() }
}

/** Whether that very process still runs. `unknown` when it was seen on another machine or in another container. */
export function livenessOf(identity: ProcessIdentity): Liveness {
  const here = currentScope()
  const { host, boot, namespace } = identity.scope
  if (host === here.host && boot !== here.boot) return 'dead'
  if (host !== here.host || namespace !== here.namespace) return 'unknown'
  if (!isRunning(identity.pid)) return 'dead'
  return startOf(identity.pid) === identity.startedAt ? 'alive' : 'dead'
}
