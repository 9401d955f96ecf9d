import { Option, type Command } from 'commander'
import { addCommand, databaseFlags, examples, milliseconds, type MakeAction } from './command.ts'
import {
  runDown,
  runSql,
  runStatus,
  runUp,
  runVerify,
  type DownOptions,
  type SqlOptions,
  type UpOptions,
} from './migrate-commands.ts'

export function addMigrate(program: Command, action: MakeAction): void {
  const migrate = program
    .command('migrate')
    .description('bring a database up, take it down, look at it, or render the SQL')
    .addHelpText(
      'after',
      examples(
        'efir-cells migrate up --dry-run',
        'efir-cells migrate status',
        'efir-cells migrate sql --out supabase/migrations',
      ),
    )

  addCommand(migrate, 'up', 'apply what is pending; take over tables that Alembic made', databaseFlags)
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

  addCommand(migrate, 'down', 'take migrations back, newest first', databaseFlags)
    .requiredOption('--to <migration>', 'the last one to leave, by name or number, or "nothing"')
    .option('--accept-data-loss', 'drop tables and columns even where they hold something')
    .option('--lock-timeout <ms>', 'how long to wait for a table in use before trying again', milliseconds)
    .addHelpText(
      'after',
      examples('efir-cells migrate down --to 009', 'efir-cells migrate down --to nothing --accept-data-loss'),
    )
    .action(action<DownOptions>(runDown))

  addCommand(migrate, 'status', 'what is applied and what is pending', databaseFlags)
    .addHelpText(
      'after',
      examples('efir-cells migrate status', 'efir-cells migrate status --json || echo "not current"'),
    )
    .action(action(runStatus))

  addCommand(
    migrate,
    'verify',
    'check tables, indexes, policies, grants, publication and drift',
    databaseFlags,
  )
    .option('--strict', 'let warnings fail too')
    .addHelpText('after', examples('efir-cells migrate verify', 'efir-cells migrate verify --strict --json'))
    .action(action<{ strict?: boolean }>(runVerify))

  addCommand(migrate, 'sql', 'write the migrations as SQL, for another tool to apply')
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
}
