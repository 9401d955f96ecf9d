import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { LocalStackError } from './errors.ts'
import { freePort } from './free-port.ts'
import { postgresProgram, postgresUser, type PostgresProgram, type SystemUser } from './postgres-program.ts'
import { commandLineOf } from './process-identity.ts'
import { keepsUp, watchOver, type Watchdog } from './watchdog.ts'

/** The superuser of the cluster: as on Supabase it is not `postgres`, which is a role like a host's own. */
export const SUPERUSER = 'supabase_admin'

export interface PostgresOptions {
  /** Everything of this cluster lives below it; held under a lock by the caller. */
  readonly directory: string
  /** Removed as a whole should this process die, and safe to lose: Postgres then does not wait for the disk. */
  readonly throwAway: boolean
  /** By number: that one or an error. Otherwise any free one. */
  readonly port: number | undefined
  /** Of the superuser, of a cluster that is made now. */
  readonly password: string
  readonly signal: AbortSignal | undefined
  readonly onLog: (line: string) => void
}

export interface RunningPostgres {
  readonly port: number
  stop(): Promise<void>
}

const STOP_TIMEOUT = 20_000
const START_TIMEOUT = 60_000

/** Which user owns the data, where that says who should run Postgres on it. */
function ownerOf(path: string): SystemUser | undefined {
  if (!existsSync(path)) return undefined
  const { uid, gid } = statSync(path)
  return { uid, gid }
}

function chownAll(path: string, user: SystemUser): void {
  lchownSync(path, user.uid, user.gid)
  for (const entry of readdirSync(path, { recursive: true, withFileTypes: true })) {
    lchownSync(join(entry.parentPath, entry.name), user.uid, user.gid)
  }
}

interface Postmaster {
  readonly child: ChildProcess
  /** The last lines that it wrote: what an error shows. */
  readonly lastWords: () => string
  readonly exited: Promise<void>
}

function run(
  program: PostgresProgram,
  programArguments: readonly string[],
  onLog: (line: string) => void,
): Postmaster {
  const child = spawn(program.command, [...program.leadingArguments, ...programArguments], {
    ...program.user,
    detached: process.platform !== 'win32',
    cwd: '/',
    stdio: ['ignore', 'pipe', 'pipe'],
    // Messages in English, times in UTC, and nothing of the host's own PG* settings.
    env: { PATH: process.env.PATH ?? '', LC_ALL: 'C', TZ: 'UTC' },
  })
  const lines: string[] = []
  const collect = (chunk: string): void => {
    for (const line of chunk.split('\n').filter((text) => text !== '')) {
      lines.push(line)
      if (lines.length > 30) lines.shift()
      onLog(line)
    }
  }
  child.stdout.setEncoding('utf8').on('data', collect)
  child.stderr.setEncoding('utf8').on('data', collect)
  const exited = new Promise<void>((resolve) => {
    child.once('close', () => resolve())
    child.once('error', (error) => {
      lines.push(error.message)
      resolve()
    })
  })
  return { child, lastWords: () => lines.join('\n'), exited }
}

async function initialise(
  data: string,
  user: SystemUser | undefined,
  options: PostgresOptions,
): Promise<void> {
  const parent = dirname(data)
  for (const leftover of readdirSync(parent).filter((name) => name.startsWith('postgres.initialising'))) {
    rmSync(join(parent, leftover), { recursive: true, force: true })
  }
  // Made under another name and renamed when whole: a start that was killed leaves no half a cluster behind.
  const draft = join(parent, `postgres.initialising-${randomBytes(4).toString('hex')}`)
  const passwordFile = `${draft}.password`
  mkdirSync(draft, { mode: 0o700 })
  writeFileSync(passwordFile, options.password, { mode: 0o600 })
  if (user !== undefined) {
    chownSync(draft, user.uid, user.gid)
    chownSync(passwordFile, user.uid, user.gid)
  }
  try {
    const initdb = run(
      postgresProgram('initdb', user, [parent]),
      [
        `--pgdata=${draft}`,
        `--username=${SUPERUSER}`,
        `--pwfile=${passwordFile}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        // Postgres's own collation: the same everywhere, whatever locales the machine has.
        '--locale=C',
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        ...(options.throwAway ? ['--no-sync'] : []),
      ],
      options.onLog,
    )
    const kill = (): void => void initdb.child.kill('SIGKILL')
    options.signal?.addEventListener('abort', kill)
    await initdb.exited
    options.signal?.removeEventListener('abort', kill)
    options.signal?.throwIfAborted()
    if (initdb.child.exitCode !== 0) {
      throw new LocalStackError(
        'postgres_failed',
        `Postgres could not make its data directory:\n${initdb.lastWords()}`,
      )
    }
    renameSync(draft, data)
  } finally {
    rmSync(passwordFile, { force: true })
    rmSync(draft, { recursive: true, force: true })
  }
}

function postmasterOf(data: string): number | undefined {
  try {
    const pid = Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0])
    return Number.isInteger(pid) && pid > 0 ? pid : undefined
  } catch {
    return undefined
  }
}

/** The command line tells a postmaster on this directory from a stranger who was given its old process id. */
function isPostmasterOn(pid: number, data: string): boolean {
  const command = commandLineOf(pid)
  return command.includes('postgres') && command.includes(data)
}

async function until(condition: () => boolean, timeout: number): Promise<boolean> {
  const end = performance.now() + timeout
  while (!condition()) {
    if (performance.now() > end) return false
    await delay(20)
  }
  return true
}

async function endPostmaster(pid: number, data: string): Promise<void> {
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    if (!isPostmasterOn(pid, data)) return
    try {
      process.kill(pid, signal)
    } catch {
      // Gone by itself.
    }
    if (await until(() => !isPostmasterOn(pid, data), STOP_TIMEOUT)) return
  }
  throw new LocalStackError(
    'directory_in_use',
    `A Postgres that was left running on ${data} (process ${pid}) does not stop.`,
  )
}

/**
 * Stops the Postgres that a killed process left running on the directory, as an orderly shutdown. The lock on the
 * directory says that nobody owns it any more. A `postmaster.pid` that stays behind is removed: Postgres itself would
 * take a stranger of that process id, or a zombie that nobody buries, for a postmaster. That its own processes are all
 * gone it knows from their shared memory as well.
 */
export async function stopOrphan(data: string): Promise<void> {
  const pid = postmasterOf(data)
  if (pid === undefined) return
  await endPostmaster(pid, data)
  if (postmasterOf(data) === pid) rmSync(join(data, 'postmaster.pid'), { force: true })
}

async function launch(data: string, user: SystemUser | undefined, port: number, options: PostgresOptions) {
  const settings: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    // No socket files: they would lie outside the directory, and have a limit on the length of their path.
    unix_socket_directories: '',
    wal_level: 'logical',
    max_connections: '200',
    timezone: 'UTC',
    log_min_messages: 'warning',
    // A dying parent takes the log's reader with it; a log collector would write files instead.
    logging_collector: 'off',
    // Commits are not asynchronous even so: Realtime would hear of them when the writer of the log wakes up.
    ...(options.throwAway ? { fsync: 'off', full_page_writes: 'off' } : {}),
  }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  let ready = (): void => undefined
  const readiness = new Promise<void>((resolve) => {
    ready = resolve
  })
  const postmaster = run(
    postgresProgram('postgres', user, [data]),
    ['-D', data, '-p', String(port), ...flags],
    (line) => {
      options.onLog(line)
      if (line.includes('database system is ready to accept connections')) ready()
    },
  )
  const gaveUp = new AbortController()
  const timeout = delay(START_TIMEOUT, 'timeout' as const, { signal: gaveUp.signal, ref: false }).catch(
    () => 'timeout' as const,
  )
  const outcome = await Promise.race([
    readiness.then(() => 'ready' as const),
    postmaster.exited.then(() => 'exited' as const),
    timeout,
  ])
  gaveUp.abort()
  return { postmaster, outcome }
}

/**
 * Starts Postgres on `directory/postgres`, making the cluster when there is none, and stopping what a killed
 * process left running there.
 *
 * @throws LocalStackError `postgres_failed`, `port_taken`, `directory_unusable`, `platform_unsupported`
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const data = join(options.directory, 'postgres')
  await stopOrphan(data)
  const watchdog = watchOver(data, options.throwAway ? options.directory : undefined)
  try {
    return supervise(await startPostmaster(data, options), watchdog, options.throwAway)
  } catch (error) {
    watchdog.dismiss()
    throw error
  }
}

async function startPostmaster(
  data: string,
  options: PostgresOptions,
): Promise<Postmaster & { port: number }> {
  const user = postgresUser(ownerOf(data))
  if (!existsSync(data)) {
    await initialise(data, user, options)
  } else if (!existsSync(join(data, 'PG_VERSION'))) {
    throw new LocalStackError(
      'directory_unusable',
      `${data} exists and holds no Postgres cluster. Move it away first.`,
    )
  } else if (user !== undefined && statSync(data).uid !== user.uid) {
    chownAll(data, user)
  }

  const deadline = performance.now() + STOP_TIMEOUT
  for (;;) {
    options.signal?.throwIfAborted()
    const port = options.port ?? (await freePort())
    const { postmaster, outcome } = await launch(data, user, port, options)
    if (outcome === 'ready') return { ...postmaster, port }
    postmaster.child.kill('SIGQUIT')
    await postmaster.exited
    const words = postmaster.lastWords()
    // The processes of a killed postmaster end a moment after it.
    if (words.includes('pre-existing shared memory block') && performance.now() < deadline) {
      await delay(100)
      continue
    }
    const portTaken = /could not bind|Address already in use|could not create any TCP\/IP sockets/.test(words)
    // A free port can be taken by someone else before Postgres has it.
    if (portTaken && options.port === undefined && performance.now() < deadline) continue
    if (portTaken) {
      throw new LocalStackError('port_taken', `Port ${port}, asked for the database, is in use on 127.0.0.1.`)
    }
    throw new LocalStackError(
      'postgres_failed',
      outcome === 'timeout'
        ? `Postgres did not start in time:\n${words}`
        : `Postgres ended while starting:\n${words}`,
    )
  }
}

function supervise(
  { child, exited, port }: Postmaster & { port: number },
  watchdog: Watchdog,
  throwAway: boolean,
): RunningPostgres {
  // The stack's HTTP server keeps the process up; its database should not do so alone.
  child.unref()
  keepsUp(child.stdout, false)
  keepsUp(child.stderr, false)
  const stop = async (): Promise<void> => {
    child.ref()
    keepsUp(child.stdout, true)
    keepsUp(child.stderr, true)
    // SIGINT is Postgres's fast shutdown; what is thrown away needs no checkpoint first.
    child.kill(throwAway ? 'SIGQUIT' : 'SIGINT')
    if (!(await Promise.race([exited.then(() => true), delay(STOP_TIMEOUT, false, { ref: false })]))) {
      child.kill('SIGQUIT')
      await exited
    }
    watchdog.dismiss()
  }
  let stopping: Promise<void> | undefined
  return { port, stop: () => (stopping ??= stop()) }
}
