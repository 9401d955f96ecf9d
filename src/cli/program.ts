import { Command, CommanderError } from 'commander'
import type { MakeAction } from './command.ts'
import { addComments } from './comments.ts'
import { addDev } from './dev.ts'
import { addDoctor } from './doctor.ts'
import { CommandError, exitCodeOf, exitCodes } from './exit-codes.ts'
import { addExport } from './export.ts'
import { addHistory } from './history.ts'
import { addImport } from './import.ts'
import { addLocks } from './locks.ts'
import { addMigrate } from './migrate.ts'
import { Output, type Io } from './output.ts'
import { withoutSecrets } from './secrets.ts'
import { addUndo } from './undo.ts'
import { readSettings, secretsIn, type CommonFlags } from './settings.ts'
import { readVersion } from './version.ts'

/** Runs the command and gives its exit code. Knows of the process only what `io` tells it. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  let exitCode: number = exitCodes.ok

  const action: MakeAction =
    <Options>(work: Parameters<typeof action<Options>>[0]) =>
    async (...given: unknown[]): Promise<void> => {
      // Commander hands over the arguments, the options, and the command.
      const flags = given.at(-2) as CommonFlags
      const output = new Output(io, {
        format: flags.ndjson === true ? 'ndjson' : flags.json === true ? 'json' : 'words',
        databaseUrl: flags.dbUrl ?? io.env.SUPABASE_DB_URL ?? io.env.DATABASE_URL,
        secrets: secretsIn(flags, io.env),
      })
      try {
        const settings = await readSettings(flags, io)
        exitCode = await work({
          options: { ...(flags as Options), schema: settings.schema },
          arguments: given
            .slice(0, -2)
            .flat()
            .filter((each) => typeof each === 'string'),
          settings,
          io,
          output,
        })
      } catch (error) {
        const told =
          io.signal.aborted && !(error instanceof CommandError)
            ? new CommandError('interrupted', 'interrupted; nothing half-done was left behind')
            : error
        output.error(told)
        exitCode = exitCodeOf(told)
      }
    }

  const program = new Command('efir-cells')
    .description('Planning cells on Supabase: the command of @efir/cells.')
    .version(readVersion(), '-V, --version', 'print the version')
    // What stands behind a command is for it, and for no command above it.
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: io.stdout,
      getOutHelpWidth: () => io.screens.stdout?.columns ?? 80,
      getErrHelpWidth: () => io.screens.stderr?.columns ?? 80,
      getOutHasColors: () => io.screens.stdout?.hasColors ?? false,
      getErrHasColors: () => io.screens.stderr?.hasColors ?? false,
      // A mistyped flag is quoted, with what was given to it.
      writeErr: (text) => io.stderr(withoutSecrets(text, undefined, secretsIn({}, io.env))),
    })
    .showHelpAfterError('(add --help for what there is)')
    .addHelpText('afterAll', exitCodeHelp)
  addImport(program, action)
  addExport(program, action)
  addUndo(program, action)
  addHistory(program, action)
  addLocks(program, action)
  addComments(program, action)
  addMigrate(program, action)
  addDoctor(program, action)
  addDev(program, action)

  try {
    await program.parseAsync([...argv], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    // Help and version end this way too.
    return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
  }
  return exitCode
}

const exitCodeHelp = `
Exit codes:
  0    done, or all is well
  1    the database refused something, or a file cannot be read
  2    the command was not understood, or lacks something
  3    migrate status: something is pending
  4    migrate verify, doctor: something is not as it should be
  5    nothing was done, because something is for you to decide
  6    database and package contradict each other
  7    the project or the database could not be reached, or did not let us in
  8    done, but for some records or cells, which were told
  9    the budget, cell or thread is not there, or not yours to see
  130  stopped by Ctrl-C (143: by SIGTERM; 141: nobody reads the output)

Flags win over the environment, which wins over the configuration file. Secrets
are never printed. Better still, keep them in the environment, as
CELLS_ACCESS_TOKEN, SUPABASE_SERVICE_ROLE_KEY and SUPABASE_DB_URL: other users
of the machine see the arguments of a process.
`
