import { resolve } from 'node:path'
import { Option, type Command } from 'commander'
import { exportCells, type ExportFormat } from '../import/index.ts'
import { filterFlags, toFilter, type FilterFlags } from './cell-filter.ts'
import { countOf } from './cell-words.ts'
import { addCommand, budgetFlags, examples, firstOf, type MakeAction, type Run } from './command.ts'
import { openBudget } from './connection.ts'
import { CommandError, exitCodes } from './exit-codes.ts'
import { toMoment } from './moment.ts'
import { openProgressBar } from './progress-bar.ts'

type ExportFlags = FilterFlags & {
  readonly format?: ExportFormat
  readonly shape: 'long' | 'wide' | 'changes'
  readonly asOf?: string
}

export function addExport(program: Command, action: MakeAction): void {
  addCommand(
    program,
    'export',
    'write the cells of a budget, or their log, to a file',
    budgetFlags,
    filterFlags,
  )
    .argument('<file>', 'the file, or - for stdout')
    .addOption(new Option('--format <name>', 'else by the ending').choices(['csv', 'ndjson', 'xlsx']))
    .addOption(
      new Option('--shape <shape>', 'a row a cell, a row for all periods, or a row a change')
        .choices(['long', 'wide', 'changes'])
        .default('long'),
    )
    .option('--as-of <moment>', 'as it was: a revision, or a time such as 2026-07-31T23:59:59Z')
    .addHelpText(
      'after',
      examples(
        'efir-cells export budget.csv',
        'efir-cells export july.xlsx --as-of 2026-07-31T23:59:59+02:00 --shape wide --module revenue',
        'efir-cells export - --format ndjson | gzip > budget.ndjson.gz',
        'efir-cells export log.ndjson --shape changes',
      ),
    )
    .action(action(runExport))
}

async function runExport({
  options,
  settings,
  arguments: given,
  io,
  output,
}: Run<ExportFlags>): Promise<number> {
  const file = firstOf(given)
  const toStdout = file === '-'
  const bar = openProgressBar(io, output)
  try {
    const report = await exportCells(openBudget(settings), toStdout ? io.sink : resolve(io.cwd, file), {
      format: options.format ?? (toStdout ? 'csv' : undefined),
      shape: options.shape,
      filter: toFilter(options),
      asOf: options.asOf === undefined ? undefined : toMoment(options.asOf),
      signal: io.signal,
      onProgress: ({ cells }) => bar.update(cells, countOf(cells, 'row')),
    })
    bar.stop()
    const words = [
      `${countOf(report.cells, options.shape === 'changes' ? 'change' : 'cell')}, ` +
        `${countOf(report.bytes, 'byte')}, as of revision ${report.revision ?? '–'}.`,
    ]
    if (toStdout) output.summary(report, words)
    else output.result(report, words)
    return exitCodes.ok
  } catch (error) {
    if (!io.signal.aborted) throw error
    throw new CommandError('interrupted', toStdout ? 'interrupted' : 'interrupted; no file was written', {
      cause: error,
    })
  } finally {
    bar.stop()
  }
}
