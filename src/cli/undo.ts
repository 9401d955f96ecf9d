import type { Command } from 'commander'
import type { StepPreview, Turn, TurnedStep } from '../index.ts'
import { cellWords, countOf } from './cell-words.ts'
import { addCommand, budgetFlags, examples, gather, type MakeAction, type Run } from './command.ts'
import { openBudget } from './connection.ts'
import { CommandError, exitCodes } from './exit-codes.ts'

type TurnFlags = { readonly module?: readonly string[]; readonly preview?: boolean }

export function addUndo(program: Command, action: MakeAction): void {
  for (const turn of ['undo', 'redo'] as const) {
    const how = turn === 'undo' ? 'take back your newest step' : 'bring back the step that you took back last'
    addCommand(program, turn, how, budgetFlags)
      .option('--preview', 'only show what would become of each cell')
      .option('--module <code>', 'only a step with a change in this module (again for more)', gather)
      .addHelpText(
        'after',
        examples(`efir-cells ${turn} --preview`, `efir-cells ${turn} --module revenue --json`),
      )
      .action(action<TurnFlags>((run) => runTurn(turn, run)))
  }
}

async function runTurn(turn: Turn, { options, settings, io, output }: Run<TurnFlags>): Promise<number> {
  if (settings.token === undefined) {
    throw new CommandError(
      'usage',
      `Whose step? Steps are a signed-in user's, and a key alone has none: set CELLS_ACCESS_TOKEN to ${turn}.`,
    )
  }
  const budget = openBudget(settings)
  const which = { module: options.module, signal: io.signal }
  const step = options.preview === true ? await budget.preview(turn, which) : await budget[turn](which)
  output.result(step, stepWords(turn, step))
  // A preview has done nothing that could be partial.
  const isWhole = step.status === 'ready' || step.outcomes.every(({ status }) => status === 'reverted')
  return isWhole ? exitCodes.ok : exitCodes.partial
}

function stepWords(turn: Turn, step: StepPreview | TurnedStep<'undone' | 'redone'>): string[] {
  if (step.status === 'nothing') return [`There is nothing to ${turn}.`]
  const begin = step.status === 'ready' ? `Would ${turn}` : step.status === 'undone' ? 'Undone' : 'Redone'
  return [
    `${begin}: ${step.label ?? 'a step without a label'}, ${countOf(step.outcomes.length, 'cell')}.`,
    ...step.outcomes.map(({ status, cell }) => `  ${status.padEnd(10)}  ${cellWords(cell)}`),
  ]
}
