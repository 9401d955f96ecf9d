import { InvalidArgumentError, Option, type Command } from 'commander'
import type {
  Budget,
  ChangeCursor,
  ChangeFilter,
  ChangePage,
  ChangeRecord,
  LoggedChangeType,
} from '../index.ts'
import { cellHelp, parseCellOrId } from './cell-argument.ts'
import { filterFlags, orNone, toFilter, type FilterFlags } from './cell-filter.ts'
import { countOf } from './cell-words.ts'
import { addCommand, budgetFlags, examples, gather, type MakeAction, type Run } from './command.ts'
import { openBudget } from './connection.ts'
import { exitCodes } from './exit-codes.ts'
import { addRestore } from './history-restore.ts'
import { historyWords } from './history-words.ts'
import { listFlags, Listing, type ListFlags } from './listing.ts'
import { toMoment } from './moment.ts'

type HistoryFlags = FilterFlags &
  ListFlags & {
    readonly session?: readonly string[]
    readonly user?: readonly string[]
    readonly type?: readonly LoggedChangeType[]
    readonly since?: string
    readonly until?: string
    readonly before?: ChangeCursor
  }

const types: readonly LoggedChangeType[] = ['manual', 'spread', 'import', 'undo', 'redo', 'calculation']

export function addHistory(program: Command, action: MakeAction): void {
  const history = addCommand(
    program,
    'history',
    'show what changed, newest first; history restore goes back to a moment',
    budgetFlags,
    filterFlags,
    listFlags,
  )
    // A filter that `restore` does not get would restore all of the budget: it has to stand behind it, and is not taken before.
    .enablePositionalOptions()
    .hook('preSubcommand', refuseOptionsOf)
    .argument('[cell]', 'only changes of this cell, by its address or id')
    .option('--session <id>', 'only changes of this step (again for more)', gather)
    .option('--user <id>', 'only changes of this user; "none" for services', gather)
    .addOption(new Option('--type <kind>', 'only changes of this kind').choices(types).argParser(gatherType))
    .option('--since <moment>', 'only what came after a revision or a time')
    .option('--until <moment>', 'only what came up to a revision or a time')
    .option('--before <cursor>', 'go on behind an earlier answer: the "next" of its --json', toCursor)
    .addHelpText(
      'after',
      cellHelp +
        examples(
          'efir-cells history',
          'efir-cells history revenue/fees/2026 --limit 5',
          'efir-cells history --period 2026 --since 2026-07-01T00:00:00Z --until 2026-07-31T23:59:59Z',
          'efir-cells history --user none --type import --ndjson --limit all > imports.ndjson',
          'efir-cells history restore 2026-07-31T23:59:59Z --module revenue --dry-run',
        ),
    )
    .action(action(runHistory))
  addRestore(history, action)
}

function refuseOptionsOf(history: Command, subcommand: Command): void {
  const given = history.options.find(
    (option) => history.getOptionValueSource(option.attributeName()) === 'cli',
  )
  if (given === undefined) return
  history.error(`error: ${given.long ?? ''} has to stand behind ${subcommand.name()}, and not before.`)
}

async function runHistory({
  options,
  settings,
  arguments: [name],
  io: { signal },
  output,
}: Run<HistoryFlags>): Promise<number> {
  const budget = openBudget(settings)
  const filter = toChangeFilter(name, options)
  const [since = -1, until = Infinity] = await Promise.all(
    [options.since, options.until].map((text) => toRevision(budget, text, signal)),
  )
  const fetch = async (before: ChangeCursor | null, pageSize: number): Promise<ChangePage> => {
    for await (const page of budget.history.list(filter, { before, pageSize, signal }).pages()) return page
    return { revision: 0, changes: [], next: null }
  }

  const listing = new Listing<ChangeRecord>(output, historyWords)
  let next = options.before ?? null
  let revision: number
  // What came after `until` is passed in large steps.
  let isPassing = until !== Infinity
  for (;;) {
    const left = options.limit - listing.count
    const page = await fetch(next, isPassing ? mostInPage : Math.min(left, mostInPage))
    const within = page.changes.filter(({ revision }) => isWithin(revision, since, until))
    revision = page.revision
    if (isPassing && within.length > 0) {
      isPassing = false
      // The same again, but no more than is wanted: `next` is then where to go on.
      if (within.length > left) continue
    }
    listing.add(within)
    const isReached = page.changes.some(({ revision }) => (revision ?? 0) <= since)
    next = isReached ? null : page.next
    if (next === null || listing.count >= options.limit) break
  }

  listing.end({ revision, next }, 'changes', [
    listing.count === 0 ? 'No changes.' : `${countOf(listing.count, 'change')}, as of revision ${revision}.`,
    ...(next === null ? [] : ['There are more: --limit takes a number, or all.']),
  ])
  return exitCodes.ok
}

const mostInPage = 1000

function toChangeFilter(name: string | undefined, flags: HistoryFlags): ChangeFilter {
  const { session, user, type } = flags
  return {
    ...toFilter(flags),
    ...(name !== undefined && { cell: parseCellOrId(name) }),
    ...(session && { session }),
    ...(user && { user: orNone(user) }),
    ...(type && { type }),
  }
}

/** Changes from before there were revisions came before all others. */
const isWithin = (revision: number | null, since: number, until: number): boolean =>
  (revision ?? 0) > since && (revision ?? 0) <= until

async function toRevision(
  budget: Budget,
  text: string | undefined,
  signal: AbortSignal,
): Promise<number | undefined> {
  if (text === undefined) return undefined
  const moment = toMoment(text)
  return moment.revision ?? (await budget.asOf(moment).revision({ signal }))
}

function gatherType(text: string, before: readonly string[] | undefined): readonly string[] {
  if ((types as readonly string[]).includes(text)) return gather(text, before)
  throw new InvalidArgumentError(`Allowed choices are ${types.join(', ')}.`)
}

function toCursor(text: string): ChangeCursor {
  try {
    const cursor: unknown = JSON.parse(text)
    if (Array.isArray(cursor)) return cursor as unknown as ChangeCursor
  } catch {
    // Told below.
  }
  throw new InvalidArgumentError('It is what an earlier --json said as "next", in JSON.')
}
