import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Option, type Command } from 'commander'
import {
  importCells,
  type DatabaseTarget,
  type ImportDifference,
  type ImportMode,
  type ImportReject,
  type ImportReport,
  type SourceFormat,
} from '../import/index.ts'
import type { Budget, CellFilter } from '../index.ts'
import { filterFlags, toFilter, type FilterFlags } from './cell-filter.ts'
import { countOf } from './cell-words.ts'
import {
  addCommand,
  budgetFlags,
  databaseFlags,
  examples,
  firstOf,
  gather,
  whole,
  type MakeAction,
  type Run,
} from './command.ts'
import { openBudget } from './connection.ts'
import { CommandError, exitCodes } from './exit-codes.ts'
import { toColumns, type ColumnFlags } from './import-columns.ts'
import { countWords, differenceWords, rejectWords } from './import-words.ts'
import { openProgressBar } from './progress-bar.ts'
import type { Settings } from './settings.ts'
import { keepYoungSpaceSmall } from './young-space.ts'

type ImportFlags = ColumnFlags &
  FilterFlags & {
    readonly format?: SourceFormat
    readonly locale?: string
    readonly mode: ImportMode
    readonly deleteMissing?: true
    readonly dryRun?: boolean
    readonly resume?: boolean
    readonly checkpoint?: string
    readonly rejects?: string
    readonly maxRejects?: number
    readonly batchSize?: number
    readonly connections?: number
    readonly session?: string
    readonly direct?: boolean
    readonly actor?: string
    readonly encoding?: string
    readonly delimiter?: string
    readonly header?: string
    readonly sheet?: string
  }

/** Rejects that are told where no file takes them. */
const mostTold = 20

export function addImport(program: Command, action: MakeAction): void {
  addCommand(
    program,
    'import',
    'write the cells of a CSV, JSON lines or XLSX file into a budget',
    budgetFlags,
    databaseFlags,
    filterFlags,
  )
    .argument('<file>', 'the file, or - for stdin')
    .addOption(new Option('--format <name>', 'else by the ending').choices(['csv', 'ndjson', 'xlsx']))
    .option(
      '--column <part=name>',
      'the column of a part: module, entity, field, period, kind, value',
      gather,
    )
    .option('--constant <part=value>', 'the same for all records: module=revenue', gather)
    .option('--periods <names>', 'a wide table: columns that are periods, as 2026,2027 or /\\d{4}/')
    .option('--locale <tag>', 'how numbers are written: de-CH, en-US, exact')
    .addOption(
      new Option('--mode <mode>', 'what happens to cells')
        .choices(['insert', 'update', 'upsert', 'replace'])
        .default('upsert'),
    )
    .option('--delete-missing', 'mode replace: delete the cells (by --module …) that the file does not name')
    .option('--dry-run', 'show the difference and write nothing')
    .option('--resume', 'go on with an import that was stopped')
    .option('--checkpoint <file>', 'where it remembers how far it is; else <file>.checkpoint')
    .option('--rejects <file>', 'where records go that are not imported')
    .option('--max-rejects <count>', 'give up when there are more', whole)
    .option('--batch-size <cells>', 'in one call', whole)
    .option('--connections <count>', 'calls at the same time', whole)
    .option('--session <label>', 'what the step for undo is called')
    .option('--direct', 'by COPY, past the API: with --db-url in the place of --url and --key')
    .option('--actor <user>', 'with --direct: the id of the user whose step it is; else a program')
    .option('--encoding <label>', 'of a text without a byte order mark')
    .option('--delimiter <character>', 'what separates the fields of a CSV')
    .option('--header <names>', 'the columns, by comma, of a CSV that does not name them')
    .option('--sheet <name>', 'which sheet of an XLSX')
    .addHelpText(
      'after',
      examples(
        'efir-cells import plan.csv --dry-run',
        'efir-cells import plan.csv --locale de-CH --constant module=revenue --column field=Line --column period=Year --column value=Amount',
        "efir-cells import plan.xlsx --constant module=staff --column field=Line --periods '/\\d{4}-\\d{2}/'",
        'efir-cells import plan.csv --mode replace --delete-missing --module revenue',
        'efir-cells import plan.csv --resume',
        'efir-cells import plan.csv --direct --db-url postgres://postgres:…@db.example.supabase.co:5432/postgres',
        'generate-plan | efir-cells import - --format ndjson --json',
      ),
    )
    .action(action(runImport))
}

async function runImport({
  options,
  settings,
  arguments: given,
  io,
  output,
}: Run<ImportFlags>): Promise<number> {
  keepYoungSpaceSmall()
  const file = firstOf(given)
  const fromStdin = file === '-'
  const checkpoint = checkpointOf(options, file, io.cwd)
  const target = targetOf(options, settings)
  const columns = toColumns(options)
  const { rejects: rejectsFile, mode } = options
  const differences: ImportDifference[] = []
  const rejected: ImportReject[] = []

  const bar = openProgressBar(io, output)
  let report: ImportReport
  try {
    report = await importCells(target, fromStdin ? io.input : resolve(io.cwd, file), {
      ...(fromStdin && options.format === undefined
        ? { format: 'csv' as const }
        : { format: options.format }),
      columns,
      mode,
      filter: filterOf(options),
      deleteMissing: options.deleteMissing,
      locale: options.locale,
      dryRun: options.dryRun,
      maxRejects: options.maxRejects,
      batchSize: options.batchSize,
      connections: options.connections,
      session: options.session,
      encoding: options.encoding,
      delimiter: options.delimiter,
      header: options.header?.split(','),
      sheet: options.sheet,
      checkpoint,
      signal: io.signal,
      rejects:
        rejectsFile === undefined
          ? (reject) => {
              if (rejected.length < mostTold) rejected.push(reject)
            }
          : resolve(io.cwd, rejectsFile),
      onDifference: (difference) => {
        if (difference.status === 'unchanged') return
        if (output.isJson) differences.push(difference)
        else output.line(differenceWords(difference))
      },
      onProgress: ({ records, bytes, totalBytes }) =>
        bar.update(bytes, countOf(records, 'record'), totalBytes),
    })
  } catch (error) {
    if (!io.signal.aborted) throw error
    throw new CommandError('interrupted', stoppedWords(checkpoint, options.dryRun), { cause: error })
  } finally {
    bar.stop()
  }
  // The next import of this file is another one.
  if (checkpoint !== undefined) await rm(checkpoint, { force: true })

  for (const reject of rejected) output.progress(rejectWords(reject))
  const answer = {
    ...report,
    ...(options.dryRun === true ? { differences } : {}),
    ...(rejectsFile === undefined ? { rejected } : { rejects: rejectsFile }),
  }
  output.result(answer, countWords(report, rejectsFile, rejected.length))
  return isWhole(report) ? exitCodes.ok : exitCodes.partial
}

function targetOf({ direct = false, actor }: ImportFlags, settings: Settings): Budget | DatabaseTarget {
  if (!direct) {
    if (actor !== undefined)
      throw new CommandError('usage', '--actor is for --direct; else the --token says who imports.')
    return openBudget(settings)
  }
  const { databaseUrl, budget, schema } = settings
  if (databaseUrl === undefined) {
    throw new CommandError('usage', 'Which database? Give --db-url, or set SUPABASE_DB_URL or DATABASE_URL.')
  }
  if (budget === undefined)
    throw new CommandError('usage', 'Which budget? Give --budget, or set CELLS_BUDGET.')
  return { database: databaseUrl, budgetVersionId: budget, actor, databaseSchema: schema }
}

/** The file that says how far it is, where there is one. An import that was stopped is not begun anew by mistake. */
function checkpointOf(
  { checkpoint, resume = false, dryRun = false }: ImportFlags,
  file: string,
  cwd: string,
): string | undefined {
  if (dryRun) return undefined
  if (checkpoint === undefined && file === '-') {
    if (!resume) return undefined
    throw new CommandError('usage', 'To resume from stdin, name the --checkpoint that it was begun with.')
  }
  const path = resolve(cwd, checkpoint ?? `${file}.checkpoint`)
  if (!resume && existsSync(path)) {
    throw new CommandError(
      'refused',
      `An import of this file was stopped. Go on with --resume, or remove ${path} to begin anew.`,
    )
  }
  return path
}

function filterOf(options: ImportFlags): CellFilter | undefined {
  const filter = toFilter(options)
  if (options.mode === 'replace') return filter
  const given = Object.keys(filter)
  if (given.length === 0) return undefined
  throw new CommandError(
    'usage',
    `--${given.join(', --')}: only --mode replace asks which cells. For a column, see --column.`,
  )
}

function stoppedWords(checkpoint: string | undefined, isDryRun = false): string {
  if (isDryRun) return 'interrupted; nothing was written'
  return checkpoint === undefined
    ? 'interrupted; what was written stays. Import the same again to complete it.'
    : 'interrupted; what was written stays. Go on with the same command and --resume.'
}

const isWhole = ({ counts }: ImportReport): boolean =>
  counts.invalid +
    counts.duplicate +
    counts.exists +
    counts.missing +
    counts.locked +
    counts.forbidden +
    counts.conflict ===
  0
