import type { Command } from 'commander'
import type { StoredCell } from '../index.ts'
import { cellHelp } from './cell-argument.ts'
import { filterFlags, toFilter, type FilterFlags } from './cell-filter.ts'
import { cellWords, countOf, valueWords } from './cell-words.ts'
import { addCommand, budgetFlags, examples, type Flags, type MakeAction, type Run } from './command.ts'
import { openBudget } from './connection.ts'
import { exitCodes } from './exit-codes.ts'
import { aligned, listFlags, Listing, type ListFlags } from './listing.ts'
import { runLock, runUnlock } from './lock-cells.ts'

export function addLocks(program: Command, action: MakeAction): void {
  const locks = program
    .command('locks')
    .description('list locked cells; lock cells, so that they take no value, and unlock them')
    .addHelpText(
      'after',
      examples(
        'efir-cells locks list --module revenue',
        'efir-cells locks lock --module revenue --period 2026 --reason Approved --dry-run',
        'efir-cells locks unlock revenue/fees/2026',
      ),
    )

  addCommand(locks, 'list', 'the cells that are locked, and why', budgetFlags, filterFlags, listFlags)
    .addHelpText(
      'after',
      examples('efir-cells locks list', 'efir-cells locks list --period 2026 --ndjson --limit all'),
    )
    .action(action(runList))

  const selection = [budgetFlags, filterFlags, selectionFlags]
  addCommand(locks, 'lock', 'lock cells, by name or by filter', ...selection)
    .option('--reason <text>', 'why, for whoever wants to write: at most 200 characters')
    .addHelpText(
      'after',
      cellHelp +
        examples(
          'efir-cells locks lock revenue/fees/2026 revenue/fees/2027 --reason Approved',
          'efir-cells locks lock --module revenue --period 2026 --reason Approved --dry-run',
          'efir-cells locks lock --all --reason "Closed" --yes --json',
          'efir-cells locks lock - --reason Audit < cells.txt',
        ),
    )
    .action(action(runLock))

  addCommand(locks, 'unlock', 'unlock cells, by name or by filter', ...selection)
    .addHelpText(
      'after',
      cellHelp +
        examples(
          'efir-cells locks unlock revenue/fees/2026',
          'efir-cells locks unlock --module revenue --dry-run',
          'efir-cells locks unlock --all --yes',
        ),
    )
    .action(action(runUnlock))
}

const selectionFlags: Flags = (command) =>
  command
    .argument('[cell...]', 'cells by name; - for those that stdin names, one a line')
    .option('--all', 'every cell of the budget')
    .option('--dry-run', 'only say what would be done')
    .option('--yes', 'do not ask')

async function runList({ options, settings, io, output }: Run<FilterFlags & ListFlags>): Promise<number> {
  const { limit } = options
  const filter = { ...toFilter(options), locked: true }
  const pageSize = Math.min(limit, 1000)
  const listing = new Listing<StoredCell>(output, (cells) =>
    aligned(cells.map((cell) => [cellWords(cell), valueWords(cell), cell.lockReason ?? ''])),
  )
  const pages = openBudget(settings).list(filter, { pageSize, signal: io.signal }).pages()
  const more = await listing.take(cellsOf(pages), limit)
  listing.end({ more }, 'cells', [
    listing.count === 0 ? 'No cell is locked.' : `${countOf(listing.count, 'locked cell')}.`,
    ...(more ? ['There are more: --limit takes a number, or all.'] : []),
  ])
  return exitCodes.ok
}

async function* cellsOf(pages: AsyncIterable<{ readonly cells: readonly StoredCell[] }>) {
  for await (const { cells } of pages) yield cells
}
