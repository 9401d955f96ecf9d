import type { Budget, CellAddress, CellFilter, LockResult } from '../index.ts'
import { readCells } from './cell-argument.ts'
import { toFilter, type FilterFlags } from './cell-filter.ts'
import { cellWords, countOf } from './cell-words.ts'
import type { Run } from './command.ts'
import { confirm } from './confirm.ts'
import { openBudget } from './connection.ts'
import { CommandError, exitCodes } from './exit-codes.ts'
import { openProgressBar, type ProgressBar } from './progress-bar.ts'

type LockFlags = FilterFlags & {
  readonly all?: boolean
  readonly dryRun?: boolean
  readonly yes?: boolean
  readonly reason?: string
}

type Turn = 'lock' | 'unlock'

/** What a lock or unlock would change, and what is as it shall be already. */
type Count = { readonly cells: number; readonly unchanged: number }

export const runLock = (run: Run<LockFlags>): Promise<number> => setLocks('lock', run)
export const runUnlock = (run: Run<LockFlags>): Promise<number> => setLocks('unlock', run)

async function setLocks(turn: Turn, run: Run<LockFlags>): Promise<number> {
  const { options, settings, arguments: names, io } = run
  const filter = toFilter(options)
  const isFiltered = Object.keys(filter).length > 0
  if ([names.length > 0, isFiltered, options.all === true].filter(Boolean).length !== 1) {
    throw new CommandError(
      'usage',
      'Which cells? Name them, or say which with --module, --entity, --field or --period, or --all: one of the three.',
    )
  }
  const budget = openBudget(settings)
  if (names.length === 0) return await setByFilter(turn, budget, filter, run)
  return await setByName(turn, budget, await readCells(names, io), run)
}

async function setByName(
  turn: Turn,
  budget: Budget,
  cells: readonly CellAddress[],
  { options, io: { signal }, output }: Run<LockFlags>,
): Promise<number> {
  const { reason } = options
  if (options.dryRun === true) {
    const found = await budget.readMany(cells, { signal })
    const outcomes = found.map((cell, index) => ({
      status: !cell.exists ? 'not_found' : isSet(turn, cell, reason) ? 'unchanged' : `would ${turn}`,
      cell: cells[index],
    }))
    output.result({ dryRun: true, outcomes }, [...outcomeWords(outcomes, cells), 'Nothing was done.'])
    return exitCodes.ok
  }
  const result = await set(turn, budget, { cells }, reason, signal)
  const outcomes = result.outcomes.map((outcome, index) => ({ ...outcome, cell: cells[index] }))
  output.result({ ...result, outcomes }, outcomeWords(outcomes, cells))
  return outcomes.every(({ status }) => status !== 'not_found' && status !== 'invalid')
    ? exitCodes.ok
    : exitCodes.partial
}

async function setByFilter(
  turn: Turn,
  budget: Budget,
  filter: CellFilter,
  { options, io, output }: Run<LockFlags>,
): Promise<number> {
  const { reason, dryRun = false } = options
  if (dryRun || options.yes !== true) {
    const bar = openProgressBar(io, output)
    const { cells, unchanged } = await count(turn, budget, filter, reason, io.signal, bar).finally(() =>
      bar.stop(),
    )
    const words = `${countOf(cells, 'cell')} would be ${turn}ed${unchanged === 0 ? '' : `; ${unchanged.toLocaleString('en')} are already`}.`
    if (dryRun || cells === 0) {
      output.result({ dryRun, cells, unchanged }, [`${words} Nothing was done.`])
      return exitCodes.ok
    }
    await confirm(io, words)
  }
  const result = await set(turn, budget, { filter }, reason, io.signal)
  output.result(result, [`${countOf(result.changed, 'cell')} ${turn}ed.`])
  return exitCodes.ok
}

async function set(
  turn: Turn,
  budget: Budget,
  which: { cells: readonly CellAddress[] } | { filter: CellFilter },
  reason: string | undefined,
  signal: AbortSignal,
): Promise<LockResult> {
  return turn === 'lock'
    ? await budget.locks.lock(which, { reason, signal })
    : await budget.locks.unlock(which, { signal })
}

/** To lock again for another reason is a change; what is unlocked is one way only. */
const isSet = (
  turn: Turn,
  cell: { readonly isLocked: boolean; readonly lockReason: string | null },
  reason: string | undefined,
): boolean => (turn === 'lock' ? cell.isLocked && cell.lockReason === (reason ?? null) : !cell.isLocked)

async function count(
  turn: Turn,
  budget: Budget,
  filter: CellFilter,
  reason: string | undefined,
  signal: AbortSignal,
  bar: ProgressBar,
): Promise<Count> {
  let cells = 0
  let unchanged = 0
  if (turn === 'unlock') {
    for await (const page of budget.locks.list({ filter }, { signal }).pages()) cells += page.cells.length
    return { cells, unchanged }
  }
  for await (const page of budget.list(filter, { pageSize: 10_000, signal }).pages()) {
    const already = page.cells.filter((cell) => isSet(turn, cell, reason)).length
    unchanged += already
    cells += page.cells.length - already
    if (page.next !== null) bar.update(cells, `counting: ${countOf(cells + unchanged, 'cell')}`)
  }
  return { cells, unchanged }
}

function outcomeWords(
  outcomes: readonly { readonly status: string; readonly message?: string }[],
  cells: readonly CellAddress[],
): string[] {
  const width = Math.max(...outcomes.map(({ status }) => status.length))
  return outcomes.map(({ status, message }, index) => {
    const cell = cells[index]
    const name = cell === undefined ? '' : cellWords(cell)
    return `${status.padEnd(width)}  ${name}${message === undefined ? '' : `: ${message}`}`
  })
}
