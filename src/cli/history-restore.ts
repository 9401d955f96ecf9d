import { Option, type Command } from 'commander'
import type { WriteMode } from '../index.ts'
import { filterFlags, toFilter, type FilterFlags } from './cell-filter.ts'
import { cellWords, countOf, valueWords } from './cell-words.ts'
import { addCommand, budgetFlags, examples, firstOf, type MakeAction, type Run } from './command.ts'
import { confirm } from './confirm.ts'
import { openBudget } from './connection.ts'
import { exitCodes } from './exit-codes.ts'
import { toMoment } from './moment.ts'
import { previewRestore, type RestorePreview } from './restore-preview.ts'

type RestoreFlags = FilterFlags & {
  readonly mode: WriteMode
  readonly label?: string
  readonly dryRun?: boolean
  readonly yes?: boolean
}

export function addRestore(history: Command, action: MakeAction): void {
  addCommand(
    history,
    'restore',
    'write what cells showed at a moment, as one step that can be undone',
    budgetFlags,
    filterFlags,
  )
    .argument('<moment>', 'a revision, or a time such as 2026-07-31T23:59:59Z')
    .addOption(
      new Option('--mode <mode>', 'atomic: one locked cell refuses all; partial: restore the others')
        .choices(['atomic', 'partial'])
        .default('atomic'),
    )
    .option('--label <text>', 'what the step is called')
    .option('--dry-run', 'show what would become of each cell, and write nothing')
    .option('--yes', 'do not ask')
    .addHelpText(
      'after',
      examples(
        'efir-cells history restore 42 --dry-run',
        'efir-cells history restore 2026-07-31T23:59:59+02:00 --module revenue --period 2026',
        'efir-cells history restore 42 --mode partial --yes --json && efir-cells undo',
      ),
    )
    .action(action(runRestore))
}

async function runRestore({
  options,
  settings,
  arguments: given,
  io,
  output,
}: Run<RestoreFlags>): Promise<number> {
  const budget = openBudget(settings)
  const moment = toMoment(firstOf(given))
  const filter = toFilter(options)
  const { signal } = io
  if (options.dryRun === true || options.yes !== true) {
    const preview = await previewRestore(budget, moment, filter, signal)
    const words = previewWords(preview)
    if (options.dryRun === true || preview.cells.length === 0) {
      output.result({ dryRun: options.dryRun ?? false, ...preview }, [...words, 'Nothing was written.'])
      return exitCodes.ok
    }
    for (const line of words.slice(0, mostAsked)) output.progress(line)
    if (words.length > mostAsked) output.progress(`… (--dry-run shows all ${words.length})`)
    await confirm(
      io,
      `${countOf(preview.cells.length, 'cell')} would go back to revision ${preview.restoredRevision}.`,
    )
  }
  const { mode, label } = options
  const restored = await budget.restore(moment, { filter, mode, label, signal })
  const { outcomes, restoredRevision } = restored
  const kept = outcomes.filter(({ status }) => status !== 'written' && status !== 'unchanged')
  output.result(restored, [
    restored.status === 'nothing'
      ? `Every cell shows what it showed at revision ${restoredRevision}.`
      : `${countOf(outcomes.length - kept.length, 'cell')} restored to revision ${restoredRevision}. efir-cells undo takes it back.`,
    ...kept.map(({ status, cell }) => `! ${cellWords(cell)}: ${status}`),
  ])
  return kept.length === 0 ? exitCodes.ok : exitCodes.partial
}

/** A question after hundreds of lines is about nothing that can still be seen. */
const mostAsked = 20

function previewWords({ cells, restoredRevision }: RestorePreview): string[] {
  if (cells.length === 0) return [`Every cell shows what it showed at revision ${restoredRevision}.`]
  return cells.map(({ now, then }) => {
    const mark = now.isLocked ? '!' : !now.exists ? '+' : then.exists ? '~' : '-'
    const note = now.isLocked ? ` (locked${now.lockReason === null ? '' : `: ${now.lockReason}`})` : ''
    return `${mark} ${cellWords(now)}: ${valueWords(now)} → ${valueWords(then)}${note}`
  })
}
