import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import {
  runDown,
  runSql,
  runStatus,
  runUp,
  runVerify,
  type DownOptions,
  type Run,
  type SqlOptions,
  type UpOptions,
} from './commands.ts'
import { exitCodeOf, exitCodes } from './exit-codes.ts'
import { Output, type Io } from './output.ts'

type Common = { readonly dbUrl?: string; readonly schema?: string; readonly json?: boolean }

/** Runs the command and gives its exit code. Knows of the process only what `io` tells it. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  let exitCode: number = exitCodes.ok

  /** Makes the action of one command: says errors, and never lets a secret out. */
  const action =
    <Options>(work: (run: Run<Options>) => Promise<number>) =>
    async (options: Options & Common): Promise<void> => {
      const databaseUrl = options.dbUrl ?? io.env.SUPABASE_DB_URL ?? io.env.DATABASE_URL
      const output = new Output(io, { json: options.json ?? false, databaseUrl })
      try {
        exitCode = await work({ options, databaseUrl, io, output })
      } catch (error) {
        output.error(io.signal.aborted ? new Error('interrupted; nothing half-done was left behind') : error)
        exitCode = io.signal.aborted ? exitCodes.interrupted : exitCodeOf(error)
      }
    }

  const program = new Command('efir-cells')
    .description('Planning cells on Supabase: the database side of @efir/cells.')
    .exitOverride()
    .configureOutput({ writeOut: io.stdout, writeErr: io.stderr })
    .showHelpAfterError('(add --help for what there is)')
  const migrate = program
    .command('migrate')
    .description('bring a database up, take it down, look at it, or render the SQL')
    .addHelpText('after', exitCodeHelp)

  command(migrate, 'up', 'apply what is pending; take over tables that Alembic made')
    .option('--host', 'also make organizations, budget_versions and user_profiles')
    .option('--concurrently', 'build indexes without locking out writers (large tables in use)')
    .option('--dry-run', 'only say what would be done')
    .addOption(
      new Option('--duplicates <what>', 'cells that share one key in tables made elsewhere')
        .choices(['refuse', 'keep-newest'])
        .default('refuse'),
    )
    .addOption(
      new Option('--triggers <what>', 'triggers of the application on the three tables')
        .choices(['refuse', 'keep', 'drop'])
        .default('refuse'),
    )
    .option('--lock-timeout <ms>', 'how long to wait for a table in use before trying again', milliseconds)
    .addHelpText(
      'after',
      examples(
        'efir-cells migrate up --db-url postgres://postgres:…@db.example.supabase.co:5432/postgres --host',
        'SUPABASE_DB_URL=… efir-cells migrate up --dry-run --json',
        'efir-cells migrate up --concurrently --duplicates keep-newest',
      ),
    )
    .action(action<UpOptions>(runUp))

  command(migrate, 'down', 'take migrations back, newest first')
    .requiredOption('--to <migration>', 'the last one to leave, by name or number, or "nothing"')
    .option('--accept-data-loss', 'drop tables and columns even where they hold something')
    .option('--lock-timeout <ms>', 'how long to wait for a table in use before trying again', milliseconds)
    .addHelpText(
      'after',
      examples('efir-cells migrate down --to 009', 'efir-cells migrate down --to nothing --accept-data-loss'),
    )
    .action(action<DownOptions>(runDown))

  command(migrate, 'status', 'what is applied and what is pending')
    .addHelpText(
      'after',
      examples('efir-cells migrate status', 'efir-cells migrate status --json || echo "not current"'),
    )
    .action(action(runStatus))

  command(migrate, 'verify', 'check tables, indexes, policies, grants, publication and drift')
    .option('--strict', 'let warnings fail too')
    .addHelpText('after', examples('efir-cells migrate verify', 'efir-cells migrate verify --strict --json'))
    .action(action<{ strict?: boolean }>(runVerify))

  command(migrate, 'sql', 'write the migrations as SQL, for another tool to apply', { database: false })
    .option('--out <folder>', 'timestamped files for the Supabase CLI; a second run adds only what is new')
    .option('--host', 'with organizations, budget_versions and user_profiles')
    .addOption(new Option('--direction <way>', 'which way').choices(['up', 'down']).default('up'))
    .option('--force', 'write over files that differ')
    .addHelpText(
      'after',
      examples(
        'efir-cells migrate sql --out supabase/migrations --host && supabase db push',
        'efir-cells migrate sql --schema plan > plan.sql',
      ),
    )
    .action(action<SqlOptions>(runSql))

  try {
    await program.parseAsync([...argv], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    // Help and version end this way too.
    return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
  }
  return exitCode
}

function command(parent: Command, name: string, description: string, { database = true } = {}): Command {
  const made = parent
    .command(name)
    .description(description)
    .option('--schema <name>', 'the schema of the tables', 'efir_budget')
    .option('--json', 'answer in JSON')
  return database
    ? made.option('--db-url <url>', 'the database; else SUPABASE_DB_URL, else DATABASE_URL')
    : made
}

function milliseconds(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('It is a whole number of milliseconds.')
  return value
}

const examples = (...lines: string[]) => `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}\n`

const exitCodeHelp = `
Exit codes:
  0    done, or all is well
  1    the database refused something; nothing was left half-done
  2    the command was not understood, or lacks something
  3    status: something is pending
  4    verify: something is not as it should be
  5    nothing was done, because something is for you to decide (duplicates, rows that would be lost)
  6    database and package contradict each other (the database is newer, or was changed)
  7    the database could not be reached
  130  interrupted

The password in --db-url is never printed. Better still, keep the URL in SUPABASE_DB_URL: other users of the
machine see the arguments of a process.
`
